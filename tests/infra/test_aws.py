"""What Terraform gets to know of a target on AWS, what AWS refuses, and what a project may say."""

import pytest

from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.config.load import parse
from llmops_cli.errors import AccessError, ConfigError, PreflightError
from llmops_cli.flows.infra_files import files_for
from llmops_cli.flows.infra_variables import variables_of
from llmops_cli.infra.aws import cloud, environment
from llmops_cli.infra.cloud import About
from llmops_cli.infra.trouble import error_of

_ABOUT = About("aws", "infra/aws", cloud({}))


@pytest.mark.parametrize(
    "evidence",
    [
        "Error: No valid credential sources found",
        "api error AccessDenied: User: arn:aws:iam::1:user/x is not authorized to perform: ec2:Run",
        "operation error STS: GetCallerIdentity, https response error StatusCode: 403",
        "Error: AWS account ID not allowed: 210987654321",
        "ExpiredToken: The security token included in the request is expired",
    ],
)
def test_whoever_is_not_let_in_is_told_so(evidence: str) -> None:
    error = error_of("plan", evidence, _ABOUT)
    assert isinstance(error, AccessError)
    assert "AWS does not let Terraform plan." in error.message


def test_a_number_alone_is_no_refusal() -> None:
    assert isinstance(error_of("plan", "on line 403: Cycle", _ABOUT), PreflightError)


def test_terraform_is_where_the_target_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(PreflightError):
        environment("aws", AwsTarget())
    found = environment("aws", AwsTarget(region="eu-west-1", profile="team"))
    assert found == {"AWS_REGION": "eu-west-1", "TF_VAR_region": "eu-west-1", "AWS_PROFILE": "team"}
    assert cloud({}).backend == {"use_lockfile": True, "encrypt": True}
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:5000")
    assert environment("aws", AwsTarget(region="eu-west-1"))["TF_VAR_path_style"] == "true"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('networks = ["0.0.0.0/0"]', "no TLS"),
        ('domain = "chat.example.com"', "prove it"),
        ('zone = "example.com"', "without the `domain`"),
        ('domain = "chat.example.org"\nzone = "example.com"', "not in the `zone`"),
        ("monthly_budget = 50", "without `alert_email`"),
        ("owner_id = 5", "go together"),
    ],
)
def test_what_does_not_go_together_is_refused(lines: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _project(lines)
    assert said in f"{caught.value.message} {caught.value.evidence}"


def test_a_domain_lets_everybody_in_and_none_lets_in_nobody() -> None:
    assert variables_of(_project(""), "aws")["networks"] == []
    with_domain = _project('domain = "example.com"\nzone = "example.com"')
    assert variables_of(with_domain, "aws")["networks"] == ["0.0.0.0/0"]


def test_what_a_project_says_counts_more_than_its_profile() -> None:
    cheap = variables_of(_project('profile = "cheap"\nwaf = true'), "aws")
    assert (cheap["waf"], cheap["nat"], cheap["deletion_protection"]) == (True, "none", False)
    assert variables_of(_project(""), "aws")["nat"] == "one"


def test_the_load_balancer_waits_as_long_as_an_answer_may_take() -> None:
    assert (
        variables_of(_project("", "[api]\nrequest_seconds = 900\n"), "aws")["answer_seconds"] == 900
    )
    assert variables_of(_project(""), "aws")["answer_seconds"] == 300


def test_no_file_names_an_image_by_a_tag_that_moves() -> None:
    files = files_for(_project(""), "aws")
    assert {"infra/aws/service.tf", "infra/aws/state/main.tf"} <= set(files)
    assert not [path for path, content in files.items() if ":latest" in content]


def _project(lines: str, more: str = ""):
    text = (
        f'name = "chat"\n{more}[targets.aws]\nregion = "eu-west-1"\n[targets.aws.infra]\n{lines}\n'
    )
    return parse(text, "llmops.toml")
