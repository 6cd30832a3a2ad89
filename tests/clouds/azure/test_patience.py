"""Azure is asked again often enough, seldom enough, and never so that something is done twice."""

import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

from llmops_cli.clouds.azure.account import Account
from llmops_cli.clouds.azure.patience import polling
from llmops_cli.clouds.pauses import pauses
from llmops_cli.errors import DeployError
from tests.fakes.azure.account import account_at
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.operations import Kind
from tests.fakes.call import Call, Reply, refusal

GROUP = "rg-demo"
BODY = {
    "location": "westeurope",
    "properties": {"configuration": {"activeRevisionsMode": "Single"}},
}
SWAP = {"targetSlot": "staging", "preserveVnet": True}
SERVER_ERROR = refusal(500, "InternalServerError", "Something went wrong.")
THROTTLED = refusal(429, "TooManyRequests", "Too many requests.")


@pytest.fixture
def account(azure: AzureCloud) -> Iterator[Account]:
    """Clients of a cloud with a container app, and with slots that swap at once."""
    azure.register(
        {
            "container_apps_get": shown,
            "web_apps_get": shown,
            "web_apps_swap_slot_with_production": lambda call: Reply(200),
            "web_apps_list_application_settings": lambda call: Reply(200, {"properties": {}}),
            "web_apps_update_configuration": lambda call: Reply(200, call.body),
        }
    )
    with account_at(azure) as made:
        yield made


def shown(call: Call) -> Reply:
    """Show a resource."""
    return Reply(200, {"id": call.path, "name": "demo", "location": "eastus2", "properties": {}})


def take(azure: AzureCloud, kind: Kind = "both", **how: Any) -> list[str]:
    """Let a change of the app take its time. What is returned fills when it is done."""
    done: list[str] = []
    headers = {"done": lambda: done.append("done"), **how}
    azure.register(
        {
            "container_apps_update": lambda call: Reply(
                202, None, azure.operations.start(kind, **headers)
            )
        }
    )
    return done


def change(account: Account, seconds: float = 20) -> Any:
    begun = account.apps.container_apps.begin_update(GROUP, "demo", BODY, polling=polling(seconds))
    return begun.result()


def count(azure: AzureCloud, operation: str) -> int:
    return [call.operation for call in azure.requests].count(operation)


@pytest.mark.parametrize("kind", ["async", "location", "both"])
def test_an_operation_is_followed_to_its_end(
    azure: AzureCloud, account: Account, kind: Kind
) -> None:
    resource = {"id": "/x", "name": "demo", "location": "eastus2", "properties": {}}
    done = take(azure, kind, result=lambda: resource)
    assert change(account).name == "demo"
    assert done == ["done"]
    assert count(azure, "operation_result" if kind == "location" else "operation_status") == 3


def test_a_fast_operation_is_seen_soon(azure: AzureCloud, account: Account) -> None:
    take(azure, polls=1)
    started = time.monotonic()
    change(account)
    assert time.monotonic() - started < 10  # The clients' own way waits 30.


def test_retry_after_0_does_not_mean_half_a_minute(azure: AzureCloud, account: Account) -> None:
    take(azure, polls=1, retry_after=0)
    started = time.monotonic()
    change(account)
    assert time.monotonic() - started < 10


def test_retry_after_is_honoured(azure: AzureCloud, account: Account) -> None:
    take(azure, polls=1, retry_after=2)
    started = time.monotonic()
    change(account)
    assert time.monotonic() - started >= 2
    assert count(azure, "operation_status") == 2


def test_an_operation_without_end_ends_with_an_error(azure: AzureCloud, account: Account) -> None:
    done = take(azure, polls=None)
    with pytest.raises(ServiceResponseTimeoutError, match="it takes longer than 2 s"):
        change(account, seconds=2)
    assert done == []
    # At 0, 0.25, 0.6, 1.2 and 2 seconds, and once more where a sleep was cut short.
    assert count(azure, "operation_status") in range(4, 8)


def test_who_waited_in_vain_is_told_for_what_and_how_long(
    azure: AzureCloud, account: Account
) -> None:
    take(azure, polls=None, retry_after=60)
    with pytest.raises(DeployError) as raised, account.told("change the app demo"):
        change(account, seconds=0.5)
    assert raised.value.message == "Azure did not change the app demo."
    assert "it takes longer than 0.5 s" in raised.value.evidence


def test_retry_after_does_not_outlast_the_time_there_is(
    azure: AzureCloud, account: Account
) -> None:
    take(azure, polls=None, retry_after=600)
    with pytest.raises(ServiceResponseTimeoutError):
        change(account, seconds=1)
    assert count(azure, "operation_status") in (2, 3)


@pytest.mark.parametrize("kind", ["async", "location"])
def test_a_failed_operation_says_why(azure: AzureCloud, account: Account, kind: Kind) -> None:
    done = take(azure, kind, failure=("ContainerAppOperationError", "No such image."))
    with pytest.raises(HttpResponseError, match="No such image"):
        change(account)
    assert done == []


def test_looks_become_rarer_and_the_last_one_is_at_the_end() -> None:
    looks = list(pauses(0.4, first=0.01, longest=0.1))
    gaps = [later - sooner for sooner, later in pairwise(looks)]
    assert looks[0] < 0.4 <= looks[-1]
    assert len(looks) <= 10
    assert all(later >= 0.01 for later in gaps[:-1])


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_question_is_asked_again_after_a_passing_failure(
    azure: AzureCloud, account: Account, status: int
) -> None:
    fault = azure.faults.on("web_apps_get", refusal(status, "Passing", "It passes."))
    assert account.web.web_apps.get(GROUP, "demo").name == "demo"
    assert (fault.hits, count(azure, "web_apps_get")) == (1, 2)


def test_the_looks_at_an_operation_outlast_passing_failures(
    azure: AzureCloud, account: Account
) -> None:
    take(azure)
    azure.faults.on("operation_status", SERVER_ERROR, after=1)
    azure.faults.lose("operation_status", after=1)
    change(account)
    assert count(azure, "operation_status") == 4


def test_a_change_that_was_throttled_is_asked_for_again(
    azure: AzureCloud, account: Account
) -> None:
    azure.faults.on("web_apps_update_configuration", THROTTLED, times=2)
    account.web.web_apps.update_configuration(GROUP, "demo", {"properties": {"alwaysOn": True}})
    assert count(azure, "web_apps_update_configuration") == 3


def test_throttling_says_when_to_come_back(azure: AzureCloud, account: Account) -> None:
    later = refusal(429, "TooManyRequests", "Too many requests.", {"Retry-After": "2"})
    azure.faults.on("web_apps_get", later)
    started = time.monotonic()
    account.web.web_apps.get(GROUP, "demo")
    assert time.monotonic() - started >= 2


@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_swap_is_never_asked_for_twice(azure: AzureCloud, account: Account, status: int) -> None:
    # It would be swapped back.
    azure.faults.on("web_apps_swap_slot_with_production", refusal(status, "Passing", "Perhaps."))
    with pytest.raises(HttpResponseError):
        account.web.web_apps.begin_swap_slot_with_production(GROUP, "demo", SWAP)
    assert count(azure, "web_apps_swap_slot_with_production") == 1


def test_a_swap_whose_answer_is_lost_is_not_asked_for_again(
    azure: AzureCloud, account: Account
) -> None:
    azure.faults.lose("web_apps_swap_slot_with_production")
    with pytest.raises(ServiceResponseError):
        account.web.web_apps.begin_swap_slot_with_production(GROUP, "demo", SWAP)
    assert count(azure, "web_apps_swap_slot_with_production") == 1


def test_a_swap_that_was_throttled_is_asked_for_again(azure: AzureCloud, account: Account) -> None:
    azure.faults.on("web_apps_swap_slot_with_production", THROTTLED)
    account.web.web_apps.begin_swap_slot_with_production(GROUP, "demo", SWAP).result()
    assert count(azure, "web_apps_swap_slot_with_production") == 2


def test_a_question_that_is_a_post_is_asked_again(azure: AzureCloud, account: Account) -> None:
    azure.faults.on("web_apps_list_application_settings", SERVER_ERROR)
    account.web.web_apps.list_application_settings(GROUP, "demo")
    assert count(azure, "web_apps_list_application_settings") == 2


def test_a_failure_that_does_not_pass_is_not_waited_for_without_end(
    azure: AzureCloud, account: Account
) -> None:
    azure.faults.on("web_apps_get", SERVER_ERROR, times=None)
    account.web.web_apps._config.retry_policy.backoff_factor = 0.01
    with pytest.raises(AzureError):
        account.web.web_apps.get(GROUP, "demo")
    assert count(azure, "web_apps_get") == 6


def test_a_token_that_is_refused_meanwhile_is_renewed(azure: AzureCloud, account: Account) -> None:
    done = take(azure, polls=3)

    def expire(call: Call) -> None:
        azure.faults.expire_tokens()

    fault = azure.faults.on("operation_status", expire, after=1)
    change(account)
    assert (fault.hits, done) == (1, ["done"])
    assert count(azure, "entra_token") == 2


def test_a_token_that_runs_out_meanwhile_is_renewed(azure: AzureCloud, account: Account) -> None:
    azure.entra.seconds = 1
    done = take(azure, polls=1, retry_after=2)
    change(account)
    assert done == ["done"]
    assert count(azure, "entra_token") > 1
