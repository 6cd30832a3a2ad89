"""The files of the playground need no key, and their headers let a browser do little."""

import json

import httpx2
import pytest

from llmops_cli.serve.playground.routes import OPEN_PATHS
from tests.serve.conftest import Start
from tests.serve.served import Served

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@pytest.mark.parametrize("path", sorted(OPEN_PATHS))
def test_a_file_needs_no_key_and_has_strict_headers(demo: Served, path: str) -> None:
    answer = httpx2.get(f"{demo.address}{path}")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-cache"


def test_a_file_that_a_browser_has_is_not_sent_again(demo: Served) -> None:
    known = {"If-None-Match": httpx2.get(f"{demo.address}/").headers["etag"]}
    again = httpx2.get(f"{demo.address}/", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert httpx2.get(f"{demo.address}/", headers={"If-None-Match": '"other"'}).status_code == 200


def test_nothing_inline_and_nothing_from_elsewhere_is_in_the_page(demo: Served) -> None:
    page = httpx2.get(f"{demo.address}/").text
    for word in ("style=", "onclick", "<style", "http:", "https:", "//", "{{"):
        assert word not in page


@pytest.mark.parametrize(
    "path", ["/playground", "/playground/", "/playground/routes.py", "/playground/../settings.py"]
)
def test_nothing_else_is_open(demo: Served, path: str) -> None:
    assert httpx2.get(f"{demo.address}{path}").status_code == 401


def test_the_page_opens_nothing_of_the_api(demo: Served) -> None:
    assert httpx2.post(f"{demo.address}/").status_code == 405
    assert httpx2.get(f"{demo.address}/v1/models").status_code == 401


def test_it_can_be_switched_off(start: Start) -> None:
    api = start(LLMOPS_PLAYGROUND="off")
    for path in OPEN_PATHS:
        assert api.get(path).status_code == 404
        assert httpx2.get(f"{api.address}{path}").status_code == 401


def test_the_log_has_the_template_of_the_page(start: Start) -> None:
    api = start()
    api.get("/")
    api.stop()
    paths = [json.loads(line).get("path") for line in api.output.read_text().splitlines()]
    assert "/" in paths
