"""The login at ECR: a token of the account, for registries that AWS says are the account's."""

import json

import pytest

pytest.importorskip("boto3")

from llmops_cli.clouds.aws.account import Account
from llmops_cli.clouds.aws.registry_login import (
    EcrLogin,
    logins_of,
    region_of_registry,
)
from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError
from llmops_cli.registries.login import Fixed, Login
from llmops_cli.registries.reference import Repository, parse
from tests.fakes.aws.cloud import AwsCloud
from tests.fakes.call import Reply

HOST = "123456789012.dkr.ecr.eu-north-1.amazonaws.com"
STORED = Fixed(Login("docker", Secret("stored")))


@pytest.fixture
def account(aws: AwsCloud, monkeypatch: pytest.MonkeyPatch) -> Account:
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    return Account(AwsTarget(region="eu-west-1"))


def here(aws: AwsCloud) -> Repository:
    """The repository in the fake's registry, which has no name of ECR's."""
    return Repository(aws.ecr.host, "team/chat", is_secured=True)


@pytest.mark.parametrize(
    ("host", "region"),
    [
        (HOST, "eu-north-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", "eu-west-1"),
        ("public.ecr.aws", None),
        (f"{HOST}.example.com", None),
        ("registry.example.com", None),
    ],
)
def test_registries_of_aws_are_known_by_their_names(host: str, region: str | None) -> None:
    assert region_of_registry(host) == region


def test_a_token_is_asked_for_once_in_the_registrys_own_region(
    aws: AwsCloud, account: Account
) -> None:
    login = EcrLogin(account, parse(f"{HOST}/team/chat"))
    with aws.counting() as counted:
        first, second = login.login(), login.login()
    assert counted["ecr.GetAuthorizationToken"] == 1
    assert first is not None
    assert first == second
    assert (first.username, first.password.reveal() in aws.ecr.tokens) == ("AWS", True)
    assert "ecr:PutImage" in first.remedy
    assert "arn:aws:ecr:eu-north-1:123456789012:repository/team/chat" in first.remedy
    asked = [call for call in aws.requests if call.operation == "ecr.GetAuthorizationToken"]
    assert "/eu-north-1/ecr/" in asked[0].headers["Authorization"]


def test_who_may_get_no_token_is_told_which_action_is_missing(
    aws: AwsCloud, account: Account
) -> None:
    aws.faults.deny("ecr.GetAuthorizationToken")
    with pytest.raises(AccessError) as refused:
        EcrLogin(account, parse(f"{HOST}/team/chat")).login()
    assert "ecr:GetAuthorizationToken" in refused.value.next_step
    assert "Nothing was pushed" in refused.value.state


def test_a_registry_that_only_says_it_is_ecr_never_sees_the_token(
    aws: AwsCloud, account: Account
) -> None:
    assert EcrLogin(account, here(aws)).login() is not None
    data = {"authorizationToken": "QVdTOng=", "proxyEndpoint": f"https://{HOST}"}
    body = json.dumps({"authorizationData": [data]}).encode()
    kind = {"Content-Type": "application/x-amz-json-1.1"}
    aws.faults.on("ecr.GetAuthorizationToken", Reply(200, body, kind), times=None)
    assert EcrLogin(account, here(aws)).login() is None


def test_a_target_on_aws_is_at_ecr_as_its_account_and_elsewhere_as_docker_is(
    aws: AwsCloud, account: Account
) -> None:
    ecr, other = parse(f"{HOST}/chat"), parse("registry.example.com/chat")
    as_target = logins_of(account, is_target=True)
    as_guest = logins_of(account, is_target=False)
    users = [
        logins(repository, STORED).login()
        for logins in (as_target, as_guest)
        for repository in (ecr, other)
    ]
    assert [user.username for user in users if user] == ["AWS", "docker", "docker", "docker"]
    nobody = as_guest(ecr, Fixed(None)).login()
    assert nobody is not None
    assert nobody.username == "AWS"
