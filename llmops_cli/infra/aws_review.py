"""Reads a plan for AWS: what it costs a month, and what an operator should look at by hand."""

from collections.abc import Iterator, Mapping
from typing import Any

from llmops_cli.core.estimate import Estimate
from llmops_cli.infra.costs import estimate_of
from llmops_cli.infra.costs_parts import Parts


def review(plan: Mapping[str, Any]) -> tuple[Estimate | None, tuple[str, ...]]:
    """Return the estimate of a plan, and sentences about what it leaves open."""
    parts = Parts(plan)
    # The bucket of the state is planned by itself, and there is nothing to say about it.
    if not parts.of("aws_ecs_service"):
        return None, ()
    estimate = estimate_of(plan)
    return estimate, (*_budget(estimate), *_network(parts), *_by_hand(parts))


def _budget(estimate: Estimate | None) -> Iterator[str]:
    if estimate is not None and estimate.budget is not None and estimate.is_over:
        cheaper = "; ".join(estimate.savings[:3])
        yield (
            f"a month costs at least {estimate.monthly:.0f} {estimate.currency} and may cost "
            f"{estimate.budget:g}: the budget will be exceeded. Less would be: {cheaper}."
        )


def _network(parts: Parts) -> Iterator[str]:
    if parts.variable("domain", None) is None:
        who = ", ".join(parts.variable("networks", [])) or "nobody: `networks` is empty"
        yield (
            "there is NO TLS, for there is no `domain`: keys and prompts travel in clear text. "
            f"The load balancer lets in {who}."
        )
    if not parts.variable("test_networks", []):
        yield (
            "releases roll, and are checked when they have traffic already. Name `test_networks`, "
            "from where they can be checked before."
        )
    if parts.variable("alert_email", None) is None:
        yield "nobody is told when something is wrong: there is no `alert_email`."


def _by_hand(parts: Parts) -> Iterator[str]:
    if parts.of("aws_route53_zone"):
        yield (
            "the registrar of the domain has to be told the name servers of the new zone: aws "
            "route53 get-hosted-zone says them. The apply waits for that, or else ends after 75 "
            "minutes; the next one goes on."
        )
    elif parts.variable("domain", None) and parts.variable("zone", None) is None:
        yield "the domain has to be pointed to `load_balancer` (llmops infra output) by hand."
    if parts.variable("alert_email", None):
        yield "AWS mails `alert_email` once for a confirmation; no alarm comes before that."
    if parts.of("aws_budgets_budget"):
        yield (
            "the budget counts by tag: activate `target` once as a cost allocation tag in the "
            "account's billing."
        )
