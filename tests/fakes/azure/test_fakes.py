"""Containers, fronts, mishaps and tokens of the fake Azure are what they stand for."""

import json
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx2
import pytest
from azure.core.exceptions import ServiceResponseError

from llmops_cli.clouds.azure.account import Account
from tests.fakes.azure.account import account_at
from tests.fakes.azure.call import Call, Reply
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.containers import Container, Processes
from tests.fakes.azure.contract import ARM, VAULT
from tests.fakes.azure.entra import CLIENT, TENANT
from tests.project import API_KEY
from tests.waiting import eventually

OLD, NEW = "a" * 12, "b" * 12
IMAGE = "registry.example/demo@sha256:aa"


def environment(release: str = OLD, **more: str) -> Mapping[str, str]:
    """What a container of a release is started with."""
    return {"LLMOPS_RELEASE": release, "LLMOPS_API_KEY": API_KEY, "PORT": "8000", **more}


@pytest.fixture
def browser(azure: AzureCloud) -> Iterator[httpx2.Client]:
    """A client that trusts the fake's authority."""
    context = ssl.create_default_context(cafile=azure.ca_file)
    headers = {"Authorization": f"Bearer {API_KEY}"}
    with httpx2.Client(verify=context, headers=headers, timeout=30) as client:
        yield client


def started(azure: AzureCloud, release: str = OLD, **more: str) -> Container:
    """Start a container and wait until it is ready."""
    container = azure.containers.start(IMAGE, environment(release, **more), 8000)
    eventually(lambda: container.is_ready)
    return container


def test_a_front_spreads_requests_by_weight(azure: AzureCloud, browser: httpx2.Client) -> None:
    old, new = started(azure), started(azure, NEW)
    host = azure.fronts.open(lambda: [(75, old), (25, new), (0, None)])
    answered = [browser.get(f"https://{host}/version").json()["release"] for _ in range(40)]
    assert 28 <= answered.count(OLD) <= 32
    assert answered.count(OLD) + answered.count(NEW) == 40


def test_a_front_passes_a_stream_on_as_it_comes(azure: AzureCloud, browser: httpx2.Client) -> None:
    container = started(azure)
    host = azure.fronts.open(lambda: [(100, container)])
    body = {"model": "demo", "stream": True, "messages": [{"role": "user", "content": "a b c d"}]}
    moments = []
    with browser.stream("POST", f"https://{host}/v1/chat/completions", json=body) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            moments += [time.monotonic()] if line else []
    assert line == "" or line.startswith("data:")
    assert len(moments) > 4
    # Held back until its end, it would come within a moment.
    assert moments[-1] - moments[0] > 0.02


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers that it was sent."""

    def do_GET(self) -> None:
        content = json.dumps(dict(self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass
class Backend:
    """As much of a container as a front needs."""

    address: tuple[str, int]


@pytest.fixture
def echo() -> Iterator[Any]:
    """A backend that answers with the headers that it was sent."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield Backend(("127.0.0.1", server.server_port))
        server.shutdown()


@pytest.mark.parametrize(
    ("style", "last"),
    [
        ("app-service", r"203\.0\.113\.7,127\.0\.0\.1:\d+"),
        ("envoy", r"203\.0\.113\.7,127\.0\.0\.1"),
    ],
)
def test_a_front_says_who_asks(
    azure: AzureCloud, browser: httpx2.Client, echo: Any, style: Any, last: str
) -> None:
    host = azure.fronts.open(lambda: [(100, echo)], style=style)
    sent = browser.get(f"https://{host}/", headers={"X-Forwarded-For": "203.0.113.7"}).json()
    assert re.fullmatch(last, sent["X-Forwarded-For"])
    assert (sent["X-Forwarded-Proto"], sent["X-Forwarded-Host"]) == ("https", host)
    assert sent["Host"] == host


@pytest.mark.parametrize(("backend", "status"), [("none", 503), ("stopped", 504)])
def test_a_front_without_anybody_behind_it_says_so(
    azure: AzureCloud, browser: httpx2.Client, backend: str, status: int
) -> None:
    container = azure.containers.start(IMAGE, environment(), 8000)
    container.stop()
    shares = {"none": [], "stopped": [(100, container)]}
    host = azure.fronts.open(lambda: shares[backend])
    assert browser.get(f"https://{host}/health").status_code == status


def test_containers_with_the_same_environment_share_a_process(azure: AzureCloud) -> None:
    one, same = started(azure), started(azure)
    other = azure.containers.start(IMAGE, environment(NEW), 8000)
    assert one.process is same.process
    assert one.process is not other.process
    one.stop()
    assert (one.address, one.is_running) == (None, False)
    assert same.ping("/health") == 200


def test_a_container_that_listens_elsewhere_is_never_ready(azure: AzureCloud) -> None:
    container = azure.containers.start(IMAGE, environment(PORT="9000"), 8000)
    assert (container.is_running, container.is_ready, container.address) == (True, False, None)


@pytest.mark.parametrize("manner", ["crashes", "hangs", "is not there"])
def test_images_misbehave_as_they_are_told(azure: AzureCloud, manner: Any) -> None:
    azure.containers.script("@sha256:aa", manner)
    container = azure.containers.start(IMAGE, environment(), 8000)
    assert container.is_running is (manner == "hangs")
    assert not container.is_ready
    assert (azure.containers.why_not_pulled(IMAGE) is not None) is (manner == "is not there")
    assert azure.containers.why_not_pulled("registry.example/demo@sha256:bb") is None


def test_a_slow_image_is_ready_later(azure: AzureCloud) -> None:
    started(azure)
    azure.containers.script("@sha256:aa", late=2)
    slow = azure.containers.start(IMAGE, environment(), 8000)
    assert [slow.is_ready for _ in range(4)] == [False, False, True, True]


def test_an_image_can_be_of_another_release_than_its_environment_says(azure: AzureCloud) -> None:
    azure.containers.script("@sha256:aa", environment={"LLMOPS_RELEASE": NEW})
    container = started(azure)
    assert container.address is not None
    url = "http://{}:{}/version".format(*container.address)
    assert httpx2.get(url).json()["release"] == NEW


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
