"""What an infrastructure on AWS costs a month, from a plan of Terraform."""

from typing import Any

import pytest

from llmops_cli.infra.costs import estimate_of
from llmops_cli.infra.costs_prices import BY_REGION, EVERYWHERE


def _plan(region: str = "us-east-1", **variables: Any) -> dict[str, Any]:
    """What production makes, with a database: see templates/infra/aws."""
    database = {"instance_class": "db.t4g.micro", "multi_az": False, "allocated_storage": 20}
    made = [
        ("aws_ecs_service", {}),
        ("aws_nat_gateway", {}),
        ("aws_lb", {}),
        ("aws_wafv2_web_acl", {"rule": [{}, {}, {}, {}]}),
        ("aws_db_instance", database),
        ("aws_vpc_endpoint", {"vpc_endpoint_type": "Gateway"}),
    ]
    given = {"region": region, "cpu": 1024, "memory": 2048, **variables}
    return {
        "variables": {name: {"value": value} for name, value in given.items()},
        "planned_values": {
            "root_module": {
                "resources": [
                    {"mode": "managed", "type": kind, "values": values} for kind, values in made
                ]
            }
        },
    }


def test_the_parts_are_those_of_the_price_list() -> None:
    estimate = estimate_of(_plan())
    assert estimate is not None
    costs = {cost.what: cost.monthly for cost in estimate.costs}
    assert costs == {
        "Fargate tasks": pytest.approx(730 * (0.04048 + 2 * 0.004445), abs=0.01),
        "NAT gateways": pytest.approx(32.85, abs=0.01),
        "Load balancer": pytest.approx(16.43, abs=0.01),
        "Public addresses": pytest.approx(3 * 3.65, abs=0.01),
        "Firewall": 5.0,
        "Firewall rules": 4.0,
        "PostgreSQL": pytest.approx(11.68, abs=0.01),
        "PostgreSQL's storage": pytest.approx(2.30, abs=0.01),
    }
    assert estimate.monthly == pytest.approx(sum(costs.values()))


def test_an_estimate_says_of_when_its_prices_are_and_that_nobody_checked_them() -> None:
    estimate = estimate_of(_plan())
    assert estimate is not None
    assert "as known in March 2026 to May 2026, not checked" in estimate.source


def test_a_price_that_is_another_regions_is_told_as_such() -> None:
    estimate = estimate_of(_plan("eu-west-1"))
    assert estimate is not None
    assert "those of us-east-1 for db.t4g.micro" in estimate.source


def test_of_a_region_without_prices_nothing_is_made_up() -> None:
    estimate = estimate_of(_plan("af-south-1"))
    assert estimate is not None
    assert estimate.costs == ()
    assert "no list prices of af-south-1" in estimate.source


def test_a_size_without_a_price_is_named_as_left_out() -> None:
    plan = _plan()
    for part in plan["planned_values"]["root_module"]["resources"]:
        if part["type"] == "aws_db_instance":
            part["values"]["instance_class"] = "db.r9g.large"
    estimate = estimate_of(plan)
    assert estimate is not None
    assert "PostgreSQL: 1 db.r9g.large, whose price is not known here" in estimate.left_out


def test_over_the_budget_is_what_the_sum_alone_is() -> None:
    over, within = estimate_of(_plan(monthly_budget=50)), estimate_of(_plan(monthly_budget=500))
    assert over is not None
    assert within is not None
    assert (over.is_over, within.is_over) == (True, False)


def test_what_is_destroyed_costs_nothing() -> None:
    assert estimate_of({"planned_values": {}}) is None


def test_every_price_has_a_page_and_a_month() -> None:
    prices = [
        *EVERYWHERE.values(),
        *(price for one in BY_REGION.values() for price in one.values()),
    ]
    assert len(prices) > 40
    for price in prices:
        assert price.page.startswith("https://aws.amazon.com/")
        assert len(price.known) == len("2026-03")
        assert price.dollars > 0
