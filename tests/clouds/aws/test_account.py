"""Who we are to AWS: in words, checked against the target's account, and asked for once."""

from pathlib import Path
from typing import Any

import pytest

from llmops_cli.clouds.aws.account import Account
from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.errors import AccessError, PreflightError
from tests.clouds.aws.conftest import ACCOUNT

pytest.importorskip("boto3")


def test_we_are_told_by_our_arn_and_where_the_credentials_are_from(moto: Any) -> None:
    account = Account(AwsTarget(region="eu-west-1", account=ACCOUNT))
    assert account.origin == f"arn:aws:sts::{ACCOUNT}:user/moto (environment variables)"


def test_another_account_is_refused_before_anything_is_asked_of_it(moto: Any) -> None:
    account = Account(AwsTarget(region="eu-west-1", account="210987654321"))
    with pytest.raises(AccessError, match=f"in the account 210987654321, and you are of {ACCOUNT}"):
        account.client("ecs")


def test_a_client_is_made_once(moto: Any) -> None:
    account = Account(AwsTarget(region="eu-west-1"))
    assert account.client("s3") is account.client("s3")


def test_who_is_nobody_is_told_how_to_become_somebody(quiet: Path) -> None:
    account = Account(AwsTarget(region="eu-west-1"))
    with pytest.raises(AccessError, match="Nothing on this machine") as refused:
        account.client("ecs")
    assert "aws sso login" in refused.value.next_step


def test_a_profile_that_is_not_there_is_named(quiet: Path) -> None:
    account = Account(AwsTarget(region="eu-west-1", profile="work"))
    with pytest.raises(AccessError, match="by the profile work") as refused:
        account.client("ecs")
    assert "--profile work" in refused.value.next_step


def test_a_login_that_is_over_is_renewed_with_its_own_command(quiet: Path) -> None:
    (quiet / "config").write_text(
        "[profile work]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\n"
        "[sso-session s]\nsso_start_url = https://x.awsapps.com/start\nsso_region = eu-west-1\n"
    )
    account = Account(AwsTarget(region="eu-west-1", profile="work"))
    with pytest.raises(AccessError) as refused:
        _ = account.origin
    assert refused.value.next_step == "aws sso login --profile work"


def test_a_region_that_nothing_names_is_asked_for(quiet: Path) -> None:
    with pytest.raises(PreflightError, match="which region"):
        _ = Account(AwsTarget()).region


def test_a_region_may_come_from_a_profile(quiet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (quiet / "config").write_text("[profile work]\nregion = eu-north-1\n")
    assert Account(AwsTarget(profile="work")).region == "eu-north-1"
