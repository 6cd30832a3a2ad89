"""Pages of other origins read nothing, unless their origin is listed (C2)."""

from collections.abc import Iterator

import httpx2
import pytest

from llmops_cli.serve.settings import SettingsError, load
from tests.serve import served
from tests.serve.conftest import Start
from tests.serve.served import Served

KEY = "0123456789abcdef"
EVIL = {"Origin": "https://evil.example"}
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,x-stainless-os",
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An API whose answers two origins may read."""
    origins = {"CORS_ORIGINS": "https://a.example, HTTP://LOCALHOST:3000,"}
    with served.running(tmp_path_factory.mktemp("cors"), origins) as running:
        yield running


def refused(**variables: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as error:
        load({"LLMOPS_API_KEY": KEY, **variables})
    return error.value.problems


def test_by_default_no_origin_is_allowed_anything(demo: Served) -> None:
    for answer in (
        demo.get("/v1/models", headers=EVIL),
        httpx2.get(f"{demo.address}/health", headers=EVIL),
        httpx2.options(f"{demo.address}/v1/models", headers={**EVIL, **PREFLIGHT}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_an_origin_that_is_not_listed_is_allowed_nothing(api: Served) -> None:
    for origin in (
        "https://evil.example",
        "https://a.example.evil.example",
        "http://a.example",
        "https://a.example:8443",
        "https://A.example/",
        "null",
        "*",
    ):
        headers = {"Origin": origin}
        for answer in (
            api.get("/v1/models", headers=headers),
            httpx2.options(f"{api.address}/v1/models", headers={**headers, **PREFLIGHT}),
        ):
            assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("origin", ["https://a.example", "http://localhost:3000"])
def test_a_listed_origin_may_ask_and_read(api: Served, origin: str) -> None:
    headers = {"Origin": origin}
    before = httpx2.options(f"{api.address}/v1/chat/completions", headers={**headers, **PREFLIGHT})
    assert before.status_code == 200
    assert before.headers["access-control-allow-origin"] == origin
    assert (
        before.headers["access-control-allow-headers"]
        == PREFLIGHT["Access-Control-Request-Headers"]
    )
    assert "POST" in before.headers["access-control-allow-methods"]
    answer = api.chat("Hello")
    assert "access-control-allow-origin" not in answer.headers
    answer = api.get("/v1/models", headers=headers)
    assert answer.headers["access-control-allow-origin"] == origin
    assert "Origin" in answer.headers["vary"]
    exposed = answer.headers["access-control-expose-headers"].lower()
    assert {"x-request-id", "x-release", "retry-after"} <= set(exposed.split(", "))
    assert "access-control-allow-credentials" not in answer.headers


def test_a_refusal_can_be_read_by_the_page_that_caused_it(api: Served) -> None:
    answer = httpx2.get(f"{api.address}/v1/models", headers={"Origin": "https://a.example"})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "https://a.example"


def test_an_open_api_may_be_open_to_every_page(start: Start) -> None:
    api = start(LLMOPS_AUTH="none", LLMOPS_CORS_ORIGINS="*")
    answer = httpx2.get(f"{api.address}/v1/models", headers=EVIL)
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("value", ["*", "https://a.example,*"])
@pytest.mark.parametrize("name", ["CORS_ORIGINS", "LLMOPS_CORS_ORIGINS"])
def test_every_page_and_a_credential_do_not_go_together(name: str, value: str) -> None:
    assert refused(**{name: value}) == (
        f"{name}: must name each origin: * is only for LLMOPS_AUTH=none",
    )


@pytest.mark.parametrize(
    "value",
    [
        "a.example",
        "https://a.example/",
        "https://a.example/path",
        "https://a.example?q",
        "https://user@a.example",
        "https://*.example",
        "https://a.example:0",
        "https://a.example:99999",
        "https://a.example:",
        "https://[::1",
        "https://[1:::2]",
        "ftp://a.example",
        "null",
        '["https://a.example"]',
        "https://a.example https://b.example",
        "https://käse.example",
    ],
)
def test_what_is_no_origin_is_refused_and_not_shown(value: str) -> None:
    found = refused(LLMOPS_CORS_ORIGINS=value)
    assert found == (
        "LLMOPS_CORS_ORIGINS: must list origins: http:// or https://, a host, and no path",
    )


def test_origins_are_taken_as_browsers_write_them() -> None:
    texts = "https://A.example:443,http://a.example:80,http://[::1]:8080,https://a.example"
    assert load({"LLMOPS_API_KEY": KEY, "CORS_ORIGINS": texts}).access.origins == (
        "https://a.example",
        "http://a.example",
        "http://[::1]:8080",
    )
