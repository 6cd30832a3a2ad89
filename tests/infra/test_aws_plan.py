"""`llmops infra plan` on AWS: what each profile makes, by the schema of version 6."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Run
from tests.infra.provider.amazon import Amazon, amazon
from tests.infra.provider.needed import need_provider
from tests.infra.rendered import ALL_OF_AWS
from tests.project import Project

TEMPLATES = Path(__file__).parents[2] / "templates" / "infra"
WHEEL = os.environ.get("LLMOPS_TEST_AWS", "")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The schema of the real provider, as far as the templates use it."""
    need_provider()
    if not Path(WHEEL).is_file():
        pytest.skip("needs LLMOPS_TEST_AWS, the wheel of cdktf-cdktf-provider-aws")
    return amazon(Path(WHEEL), sorted(TEMPLATES.glob("aws*/*.tf")))


@contextmanager
def planned(schema: dict[str, Any], root: Path, infra: str, target: str = "") -> Iterator[Run]:
    """Plan everything from nothing, in a project whose target has these keys."""
    from tests.infra.provider.server import Provider, serving

    project = Project(root / "chat", 0)
    with serving({"hashicorp/aws": Provider(schema, Amazon())}) as addresses:
        project.environment |= {
            "TF_REATTACH_PROVIDERS": addresses,
            "TF_CLI_CONFIG_FILE": os.devnull,
        }
        project.root.mkdir()
        text = f'name = "chat"\n[targets.aws]\nregion = "eu-west-1"\n{target}[targets.aws.infra]\n'
        project.write("llmops.toml", text + infra)
        yield project.llmops("--json", "infra", "plan")


def _made(run: Run) -> set[str]:
    assert run.status == 0, run.said
    return {change["address"] for change in run.document["changes"]}


def test_everything_that_can_be_switched_on_fits_the_schema_of_version_6(
    schema: dict[str, Any], tmp_path: Path
) -> None:
    with planned(schema, tmp_path, ALL_OF_AWS) as run:
        made = _made(run)
    assert {
        "state/aws_s3_bucket.state",
        'aws_nat_gateway.main["eu-west-1a"]',
        "aws_lb_listener.https[0]",
        "aws_lb_listener_rule.test[0]",
        'aws_lb_target_group.main["green"]',
        "aws_wafv2_web_acl.main[0]",
        "aws_db_instance.main[0]",
        "aws_elasticache_replication_group.main[0]",
        'aws_cloudwatch_metric_alarm.main["unhealthy-blue"]',
        "aws_iam_role.deployer[0]",
        "aws_acm_certificate_validation.main[0]",
    } <= made
    assert "aws_lb_listener.http[0]" not in made


def test_the_cheap_profile_makes_nothing_that_costs_while_nobody_calls_but_the_least(
    schema: dict[str, Any], tmp_path: Path
) -> None:
    cheap = 'profile = "cheap"\nnetworks = ["203.0.113.0/24"]\n'
    with planned(schema, tmp_path, cheap) as run:
        made, estimate = _made(run), run.document["estimate"]
    dear = (
        "nat_gateway",
        "eip",
        "wafv2",
        "db_instance",
        "elasticache",
        "flow_log",
        "endpoint.serv",
    )
    assert [address for address in made if any(part in address for part in dear)] == []
    assert "aws_lb_listener.http[0]" in made
    assert {cost["what"] for cost in estimate["costs"]} == {
        "Fargate tasks",
        "Load balancer",
        "Public addresses",
    }
    assert estimate["monthly"] < 50
    advice = "\n".join(run.document["advice"])
    assert "NO TLS" in advice
    assert "203.0.113.0/24" in advice


def test_a_plan_that_costs_more_than_the_budget_says_so_and_what_would_cost_less(
    schema: dict[str, Any], tmp_path: Path
) -> None:
    budget = 'alert_email = "operators@example.com"\nmonthly_budget = 50\n'
    with planned(schema, tmp_path, budget) as run:
        estimate, advice = run.document["estimate"], run.document["advice"]
    assert estimate["is_over_budget"] is True
    assert estimate["budget"] == 50
    assert "the budget will be exceeded" in advice[0]
    assert 'nat = "none"' in advice[0]
    assert "tokens of models" in estimate["left_out"]
