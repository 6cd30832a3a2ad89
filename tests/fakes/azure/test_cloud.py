"""Mishaps, tokens, operations and routes of the fake Azure behave as the real ones do."""

import json
from collections.abc import Iterator

import httpx2
import pytest
from azure.core.exceptions import ServiceResponseError

from llmops_cli.clouds.azure.account import Account
from tests.fakes.azure.account import account_at
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.contract import ARM, VAULT
from tests.fakes.azure.entra import CLIENT, TENANT
from tests.fakes.call import Call, Reply
from tests.fakes.containers import Processes


@pytest.fixture
def account(azure: AzureCloud) -> Iterator[Account]:
    """Clients of a cloud that counts restarts."""
    azure.register({"web_apps_restart": lambda call: Reply(200)})
    with account_at(azure) as made:
        yield made


def test_a_mishap_spares_the_first_and_is_over_after_its_times(
    azure: AzureCloud, account: Account
) -> None:
    fault = azure.faults.on("web_apps_*", Reply(404), times=2, after=1)
    outcomes = []
    for _ in range(4):
        try:
            account.web.web_apps.restart("rg", "demo")
            outcomes.append(True)
        except Exception:  # noqa: BLE001 - only whether it failed is of interest.
            outcomes.append(False)
    assert outcomes == [True, False, False, True]
    assert fault.hits == 2


def test_an_answer_that_is_lost_leaves_the_work_done(azure: AzureCloud, account: Account) -> None:
    done: list[Call] = []
    azure.register({"web_apps_restart": lambda call: done.append(call) or Reply(200)})
    azure.faults.lose("web_apps_restart")
    with pytest.raises(ServiceResponseError):
        account.web.web_apps.restart("rg", "demo")
    assert len(done) == 1


def test_what_a_command_asks_is_counted(azure: AzureCloud, account: Account) -> None:
    account.web.web_apps.restart("rg", "demo")
    with azure.counting() as counted:
        account.web.web_apps.restart("rg", "demo")
        account.web.web_apps.restart("rg", "demo")
    assert counted == {"web_apps_restart": 2}


def token(azure: AzureCloud, client: httpx2.Client, **form: str) -> httpx2.Response:
    """Ask Entra ID for a token."""
    whole = {
        "client_id": CLIENT,
        "grant_type": "client_credentials",
        "scope": f"{ARM}/.default",
        "client_secret": azure.entra.client_secret,
        **form,
    }
    return client.post(f"{azure.url}/{TENANT}/oauth2/v2.0/token", data=whole)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"client_secret": "wrong"}, "AADSTS7000215"),
        ({"client_id": TENANT}, "AADSTS700016"),
        ({"scope": "https://elsewhere.example/.default"}, "AADSTS500011"),
        ({"grant_type": "password"}, "AADSTS70003"),
        ({"client_assertion": "no-token"}, "AADSTS700213"),
        ({"grant_type": "refresh_token", "refresh_token": "a.b.c"}, "AADSTS70000"),
    ],
)
def test_entra_gives_no_token_without_proof(
    azure: AzureCloud, browser: httpx2.Client, form: dict[str, str], code: str
) -> None:
    answer = token(azure, browser, **form)
    assert answer.status_code in (400, 401)
    assert answer.json()["error_description"].startswith(code)


def test_entra_gives_tokens_for_an_assertion(azure: AzureCloud, browser: httpx2.Client) -> None:
    given = token(azure, browser, client_assertion="a.b.c", client_secret="")
    assert azure.entra.audience_of(given.json()["access_token"]) == ARM
    azure.entra.assertions = {"d.e.f"}
    assert token(azure, browser, client_assertion="a.b.c").status_code == 401


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("none", "AuthenticationFailed"),
        ("forged", "InvalidAuthenticationToken"),
        ("old", "ExpiredAuthenticationToken"),
        ("revoked", "ExpiredAuthenticationToken"),
        ("of a vault", "InvalidAuthenticationTokenAudience"),
    ],
)
def test_a_token_that_is_no_good_is_refused_with_a_challenge(
    azure: AzureCloud, account: Account, browser: httpx2.Client, kind: str, code: str
) -> None:
    entra = azure.entra
    revoked = entra.token(ARM)
    entra.expire()
    tokens = {
        "forged": entra.token(ARM)[:-4] + "AAAA",
        "old": entra.token(ARM, seconds=-1),
        "revoked": revoked,
        "of a vault": entra.token(VAULT),
    }
    shown = {"Authorization": f"Bearer {tokens[kind]}" if kind in tokens else ""}
    path = "/resourceGroups/rg/providers/Microsoft.Web/sites/demo/restart?api-version=2025-05-01"
    url = f"{azure.url}/subscriptions/{azure.subscription}{path}"
    answer = browser.post(url, headers=shown)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
    assert f"{azure.url}/{TENANT}" in answer.headers["www-authenticate"]
    assert "web_apps_restart" not in [call.operation for call in azure.requests]


def test_the_signed_address_of_an_operation_must_not_be_rebuilt(
    azure: AzureCloud, browser: httpx2.Client
) -> None:
    address = azure.operations.start("async", polls=0)["Azure-AsyncOperation"]
    shown = {"Authorization": f"Bearer {azure.entra.token(ARM)}"}
    assert browser.get(address.replace("%2F", "/"), headers=shown).status_code == 403
    (told,) = azure.violations
    assert "the signed query was changed" in told
    azure.violations.clear()
    assert browser.get(address, headers=shown).json()["status"] == "Succeeded"


def test_what_is_under_way_can_be_over_without_anybody_looking(azure: AzureCloud) -> None:
    done: list[str] = []
    azure.operations.start(done=lambda: done.append("good"))
    azure.operations.start(done=lambda: done.append("bad"), failure=("Failed", "It failed."))
    azure.operations.start(done=lambda: done.append("never"), polls=None)
    azure.operations.settle()
    azure.operations.settle()
    assert done == ["good"]


def test_a_route_answers_what_is_none_of_the_contracts(
    azure: AzureCloud, browser: httpx2.Client
) -> None:
    azure.route("/v2/", lambda call: Reply(200, {"path": call.path}, {"X-Kind": call.operation}))
    answer = browser.get(f"{azure.url}/v2/demo/tags")
    assert (answer.json(), answer.headers["x-kind"]) == ({"path": "/v2/demo/tags"}, "/v2/")


def test_a_body_in_chunks_is_understood(azure: AzureCloud, browser: httpx2.Client) -> None:
    azure.route("/echo", lambda call: Reply(200, call.body))
    content = iter([b'{"a": ', b"1}"])
    kind = {"Content-Type": "application/json"}
    answer = browser.post(f"{azure.url}/echo", content=content, headers=kind)
    assert json.loads(answer.content) == {"a": 1}


def test_a_cloud_gives_its_address_back(azure: AzureCloud, browser: httpx2.Client) -> None:
    azure.route("/whose", lambda call: Reply(200, "outer"))
    with AzureCloud(address=azure.address, processes=Processes()) as inner:
        inner.route("/whose", lambda call: Reply(200, "inner"))
        assert browser.get(f"{azure.url}/whose").text == "inner"
    assert browser.get(f"{azure.url}/whose").text == "outer"
