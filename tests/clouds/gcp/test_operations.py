"""Operations of Google are waited for by name, whatever happens to the questions."""

import pytest
from google.api_core.exceptions import GoogleAPICallError

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.clouds.gcp.operations import TakesTooLongError, Watched, wait
from llmops_cli.errors import AccessError, DeployError
from tests.fakes.gcp.answers import denied, unavailable
from tests.fakes.gcp.cloud import GcpCloud
from tests.fakes.gcp.operations import EMPTY, Failure

ASKED = "Operations.GetOperation"


def watched(gcp: GcpCloud, account: Account, steps: int | None, code: str = "") -> Watched:
    """An operation that is over after so many requests, or never."""
    parent = f"projects/{gcp.project}/locations/{gcp.location}"
    failure = Failure(code, "Quota exceeded.") if code else None
    started = gcp.operations.start(parent, {}, lambda: dict(EMPTY), steps=steps, failure=failure)
    name = str(started.body["name"])
    return Watched(account, "services", name, "make it", lambda operation: "half of it")


def test_one_that_ends_well_is_told_of_once_for_every_change(
    gcp: GcpCloud, account: Account
) -> None:
    lines: list[str] = []
    gcp.faults.on(ASKED, unavailable())
    assert wait(watched(gcp, account, 6), lines.append).done
    assert lines == ["half of it"]


def test_one_that_fails_is_told_with_what_google_says(gcp: GcpCloud, account: Account) -> None:
    with pytest.raises(DeployError) as raised:
        wait(watched(gcp, account, 0, "RESOURCE_EXHAUSTED"))
    assert "make it" in raised.value.message
    assert "Quota exceeded." in raised.value.evidence
    assert isinstance(raised.value.__cause__, GoogleAPICallError)


def test_one_that_takes_too_long_is_told_by_its_name(gcp: GcpCloud, account: Account) -> None:
    endless = watched(gcp, account, None)
    with pytest.raises(TakesTooLongError) as raised:
        wait(endless, seconds=0.1)
    assert "longer than 0.1 s to make it" in raised.value.message
    assert raised.value.evidence == f"half of it; the operation is {endless.name}"


def test_who_may_not_ask_is_told_at_once(gcp: GcpCloud, account: Account) -> None:
    gcp.faults.on(ASKED, denied("run.operations.get"), times=None)
    with pytest.raises(AccessError) as raised:
        wait(watched(gcp, account, 1))
    assert "run.operations.get" in f"{raised.value.message} {raised.value.next_step}"
    assert [call.operation for call in gcp.requests].count(ASKED) == 1
