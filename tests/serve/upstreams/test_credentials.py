"""Upstreams that are asked with a token of the cloud that the release runs in."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import ScriptedUpstream, answers, says
from tests.serve.upstreams import identity_endpoints
from tests.serve.upstreams.identity_endpoints import HEADER, Issuer

pytest.importorskip("azure.identity", reason="needs the entra extra")
pytest.importorskip("google.auth", reason="needs the google extra")


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with identity_endpoints.running() as issuer:
        yield issuer


def asked_with(kind: str, upstream: ScriptedUpstream, issuer: Issuer) -> dict[str, str]:
    settings = in_front_of(upstream.base_url)
    entry = json.loads(settings["LLMOPS_UPSTREAMS"])[0]
    del entry["secret"]
    return {
        **settings,
        "LLMOPS_UPSTREAMS": json.dumps([{**entry, "auth": kind}]),
        "LLMOPS_REQUEST_SECONDS": "20",
        "IDENTITY_ENDPOINT": f"http://127.0.0.1:{issuer.port}/msi/token",
        "IDENTITY_HEADER": HEADER,
        "GCE_METADATA_HOST": f"127.0.0.1:{issuer.port}",
        "GCE_METADATA_IP": f"127.0.0.1:{issuer.port}",
        "HOME": "/nonexistent",
    }


both = pytest.mark.parametrize("kind", ["entra", "google"])


@both
def test_one_token_serves_all_requests_until_it_ends(
    start: Start, upstream: ScriptedUpstream, issuer: Issuer, kind: str
) -> None:
    api = start(**asked_with(kind, upstream, issuer))
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: api.chat("Hello").status_code, range(16)))
    assert found == [200] * 16
    assert issuer.issued == ["cloud-token-1"]
    sent = {call.headers["Authorization"] for call in upstream.calls}
    assert sent == {"Bearer cloud-token-1"}
    if kind == "entra":
        assert issuer.resources == ["https://cognitiveservices.azure.com"]


@both
def test_a_token_near_its_end_is_replaced(
    start: Start, upstream: ScriptedUpstream, issuer: Issuer, kind: str
) -> None:
    issuer.lifetime = 20
    api = start(**asked_with(kind, upstream, issuer))
    for _ in range(3):
        assert api.chat("Hello").status_code == 200
    assert len(issuer.issued) > 1


@both
def test_a_token_that_the_upstream_refuses_is_not_shown_again(
    start: Start, upstream: ScriptedUpstream, issuer: Issuer, kind: str
) -> None:
    api = start(**asked_with(kind, upstream, issuer))
    upstream.plays(says(401), answers("Here."))
    assert api.chat("Hello").status_code == 502
    assert api.chat("Hello").status_code == 200
    assert "cloud-token" not in api.output.read_text()


@both
def test_without_a_token_the_caller_learns_no_more_than_that(
    start: Start, upstream: ScriptedUpstream, issuer: Issuer, kind: str
) -> None:
    issuer.refuses = True
    api = start(**asked_with(kind, upstream, issuer))
    answer = api.chat("Hello")
    assert answer.status_code == 502
    assert "credential" in answer.json()["error"]["message"]
    assert upstream.calls == []
    for text in (answer.text, api.output.read_text()):
        assert HEADER not in text
        assert str(issuer.port) not in text
