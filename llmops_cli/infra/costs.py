"""Estimates what a plan for AWS costs a month, from the resources that it would leave behind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from llmops_cli.core.estimate import Cost, Estimate
from llmops_cli.infra.costs_parts import Parts
from llmops_cli.infra.costs_prices import BY_REGION, EVERYWHERE, FALLBACK, HOURS, Price

_LEFT_OUT = (
    "tokens of models",
    "traffic, also through NAT gateways, endpoints and between zones",
    "requests at the load balancer (LCU) and the firewall",
    "logs, and measures of each task",
    "storage of images, backups and S3",
    "tasks beyond the fewest",
    "taxes",
)
_CALCULATOR = "https://calculator.aws"
#: On spare capacity prices move; this much of the price is a usual one.
_SPOT = 0.35


@dataclass
class _Till:
    """Adds up, and remembers which prices were another region's or are known nowhere."""

    region: str
    costs: list[Cost] = field(default_factory=list)
    borrowed: set[str] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)
    dates: set[str] = field(default_factory=set)

    def price(self, name: str) -> float | None:
        """Return dollars for one; None where no price is known."""
        own = EVERYWHERE.get(name) or BY_REGION[self.region].get(name)
        found: Price | None = own or BY_REGION[FALLBACK].get(name)
        if found is None:
            return None
        if own is None:
            self.borrowed.add(name)
        self.dates.add(found.known)
        return found.dollars

    def add(self, what: str, name: str, count: float, basis: str, *, hours: int = HOURS) -> None:
        """Add so many of a thing whose price has that name; none at all is no line."""
        if not count:
            return
        dollars = self.price(name)
        if dollars is None:
            self.unknown.append(f"{what}: {basis}, whose price is not known here")
        else:
            self.costs.append(Cost(what, round(dollars * count * hours, 2), basis))


def estimate_of(plan: Mapping[str, Any]) -> Estimate | None:
    """Return what the resources of a plan cost a month; None where it leaves nothing behind."""
    parts = Parts(plan)
    if not parts.resources:
        return None
    budget = parts.variable("monthly_budget", None)
    if parts.region not in BY_REGION:
        source = f"no list prices of {parts.region} are known here: {_CALCULATOR}"
        return Estimate((), ("everything",), source, budget=budget)
    till = _Till(parts.region)
    _tasks(till, parts)
    _network(till, parts)
    _data(till, parts)
    _rest(till, parts)
    left_out = (*till.unknown, *_LEFT_OUT)
    return Estimate(
        tuple(till.costs), left_out, _source(till), budget=budget, savings=tuple(_savings(parts))
    )


def _tasks(till: _Till, parts: Parts) -> None:
    count, kind = parts.variable("min_tasks", 1), parts.variable("architecture", "x86_64")
    cpus, gigabytes = parts.variable("cpu", 512) / 1024, parts.variable("memory", 1024) / 1024
    cpu, memory = till.price(f"{kind}_cpu"), till.price(f"{kind}_gb")
    if not parts.of("aws_ecs_service") or cpu is None or memory is None:
        return
    share = _SPOT if parts.variable("spot", False) else 1
    monthly = count * (cpus * cpu + gigabytes * memory) * HOURS * share
    basis = f"{count} of {cpus:g} vCPU and {gigabytes:g} GiB, {kind}"
    basis += ", spare capacity at about a third" if share < 1 else ""
    till.costs.append(Cost("Fargate tasks", round(monthly, 2), basis))


def _network(till: _Till, parts: Parts) -> None:
    gateways, zones = parts.of("aws_nat_gateway"), parts.variable("zones", 2)
    till.add("NAT gateways", "nat", len(gateways), f"{len(gateways)}")
    balancers = parts.of("aws_lb")
    till.add("Load balancer", "balancer", len(balancers), f"{len(balancers)}, without requests")
    bare = parts.variable("min_tasks", 1) if parts.variable("nat", "one") == "none" else 0
    addresses = len(gateways) + zones * len(balancers) + bare
    till.add("Public addresses", "address_hour", addresses, f"{addresses}")
    paid = [one.get("vpc_endpoint_type") == "Interface" for one in parts.of("aws_vpc_endpoint")]
    count = sum(paid) * zones
    till.add("Private endpoints", "endpoint", count, f"{sum(paid)} in {zones} zones")
    acls = parts.of("aws_wafv2_web_acl")
    rules = sum(len(acl.get("rule") or ()) for acl in acls)
    till.add("Firewall", "firewall_month", len(acls), f"{len(acls)}", hours=1)
    till.add("Firewall rules", "firewall_rule_month", rules, f"{rules}", hours=1)
    zones_made = len(parts.of("aws_route53_zone"))
    till.add("Hosted zone", "zone_month", zones_made, f"{zones_made}", hours=1)


def _data(till: _Till, parts: Parts) -> None:
    for server in parts.of("aws_db_instance"):
        nodes, size = (2 if server["multi_az"] else 1), server["instance_class"]
        storage = server["allocated_storage"]
        till.add("PostgreSQL", size, nodes, f"{nodes} {size}")
        name, basis = "storage_gb_month", f"{nodes} of {storage} GiB"
        till.add("PostgreSQL's storage", name, nodes * storage, basis, hours=1)
    for cache in parts.of("aws_elasticache_replication_group"):
        nodes, size = cache["num_cache_clusters"], cache["node_type"]
        till.add("Valkey", size, nodes, f"{nodes} {size}")


def _rest(till: _Till, parts: Parts) -> None:
    secrets = len(parts.of("aws_secretsmanager_secret"))
    basis = f"{secrets}, without those that are set by hand"
    till.add("Secrets", "secret_month", secrets, basis, hours=1)
    alarms = parts.of("aws_cloudwatch_metric_alarm")
    metrics = sum(max(1, len(alarm.get("metric_query") or ()) - 1) for alarm in alarms)
    till.add("Alarms", "alarm_metric_month", metrics, f"{metrics} measures", hours=1)


def _source(till: _Till) -> str:
    dates = [date.fromisoformat(f"{month}-01").strftime("%B %Y") for month in sorted(till.dates)]
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    text = f"list prices of {till.region}, on demand, as known in {when}, not checked"
    if till.borrowed:
        text += f"; those of {FALLBACK} for {', '.join(sorted(till.borrowed))}"
    return text


def _savings(parts: Parts) -> Iterator[str]:
    """What would cost less, the most of it first."""
    if parts.of("aws_nat_gateway"):
        yield 'nat = "none" (tasks get public addresses that let nobody in)'
    if parts.of("aws_wafv2_web_acl"):
        yield "waf = false"
    if parts.variable("private_endpoints", False):
        yield "private_endpoints = false"
    if any(server["multi_az"] for server in parts.of("aws_db_instance")):
        yield "postgres.multi_az = false"
    if parts.variable("architecture", "x86_64") == "x86_64":
        yield 'architecture = "arm64", a fifth less for tasks'
    if not parts.variable("spot", False):
        yield "spot = true, where two minutes' notice is enough"
