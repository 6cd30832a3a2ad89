"""The site of nginx, as text and as a real nginx serves it."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.hosts.nginx import NAME, Site, needs_nginx, project_of, rendered, served
from tests.waiting import eventually

LIMITS = """[api.limits]
max_body_bytes = 2048
trusted_proxies = ["127.0.0.1"]
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    project = project_of(api=LIMITS, target="requests_per_minute = 20")
    with tempfile.TemporaryDirectory(prefix="llmops-nginx-") as name:
        # nginx's workers are somebody else, who must get in.
        folder = Path(name)
        folder.chmod(0o755)
        with served(folder, project) as found:
            yield found


@needs_nginx
def test_a_request_arrives_with_headers_that_a_client_cannot_forge(site: Site) -> None:
    forged = {"X-Real-IP": "1.2.3.4", "Forwarded": "for=1.2.3.4", "X-Request-ID": "a b\tc"}
    with site.client(http2=False) as client:
        answer = client.get("/x", headers={**forged, "X-Forwarded-For": "9.9.9.9, 203.0.113.7"})
    assert answer.json() == {"own": True}
    seen = site.asked[-1]
    # 127.0.0.1 is trusted here: the address before it is the client's, and no other.
    assert seen["x-forwarded-for"] == seen["x-real-ip"] == "203.0.113.7"
    assert "forwarded" not in seen
    assert (seen["x-forwarded-proto"], seen["connection"]) == ("https", "close")
    assert seen["host"] == f"{NAME}:{site.port}"
    assert re.fullmatch(r"req_[0-9a-f]{16}", seen["x-request-id"])
    # What the API says stands, what it does not say is said.
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "nginx/" not in answer.headers["server"]


@needs_nginx
def test_a_stream_passes_as_it_comes(site: Site) -> None:
    with site.client() as client, client.stream("GET", "/stream") as answer:
        lines = answer.iter_lines()
        assert next(lines) == "first"
        site.may_end.set()
        assert list(lines) == ["last"]


@needs_nginx
@pytest.mark.parametrize(("path", "key"), [("/v1/chat/completions", "error"), ("/ask", "detail")])
def test_a_body_over_the_limit_is_refused_in_the_dialect_of_its_path(
    site: Site, path: str, key: str
) -> None:
    reached = len(site.asked)
    with site.client() as client:
        assert client.post(path, content=b"x" * 2048).status_code == 200
        answer = client.post(path, content=b"x" * 2049, headers={"X-Request-ID": "mine-1"})
    assert (answer.status_code, answer.headers["x-request-id"]) == (413, "mine-1")
    assert answer.headers["content-type"] == "application/json"
    assert key in answer.json()
    assert "Maximum size is 2 KB" in answer.text
    assert len(site.asked) == reached + 1


@needs_nginx
def test_one_address_is_limited_but_never_its_probes(site: Site) -> None:
    network = "2001:db8:7:1:"
    with site.client() as client:

        def ask(path: str, last: int) -> httpx2.Response:
            return client.get(path, headers={"X-Forwarded-For": f"{network}{last:x}::1"})

        # Of one network, each from another address.
        answers = [ask("/v1/models", last) for last in range(1, 30)]
        assert [answer.status_code for answer in answers[:21]] == [200] * 21
        refused = answers[-1]
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
        assert refused.json()["error"]["type"] == "rate_limit_error"
        assert refused.headers["cache-control"] == "no-store"
        assert ask("/health/ready", 1).status_code == 200
        assert ask("/version", 1).status_code == 200
        network = "2001:db8:7:2:"
        assert ask("/v1/models", 1).status_code == 200


@needs_nginx
def test_without_a_release_the_answer_says_when_to_come_back(site: Site) -> None:
    here = site.folder / "current"
    away = here.rename(site.folder / "away")
    try:
        with site.client() as client:
            answer = client.get("/v1/models", headers={"X-Forwarded-For": "203.0.113.9"})
    finally:
        away.rename(here)
    assert (answer.status_code, answer.headers["retry-after"]) == (502, "5")
    assert answer.json()["error"]["type"] == "server_error"


@needs_nginx
def test_a_refusal_of_the_api_itself_passes_untouched(site: Site) -> None:
    with site.client() as client:
        answer = client.get("/busy", headers={"X-Forwarded-For": "203.0.113.8"})
    assert (answer.status_code, answer.json()) == (503, {"own": True})
    assert answer.headers["retry-after"] == "77"


@needs_nginx
def test_the_log_has_no_query_and_the_id_that_the_api_has(site: Site) -> None:
    with site.client() as client:
        client.get("/x?key=very-secret", headers={"X-Request-ID": "for-the-log"})

    def line() -> dict[str, str] | None:
        entries = map(json.loads, site.log.splitlines())
        return next((found for found in entries if found["request_id"] == "for-the-log"), None)

    assert eventually(line)["path"] == "/x"
    assert "very-secret" not in site.log


@needs_nginx
def test_plain_http_is_led_to_https_but_for_the_certificate_authority(site: Site) -> None:
    challenge = site.folder / "acme/.well-known/acme-challenge/token"
    challenge.parent.mkdir(parents=True)
    challenge.write_text("answer")
    base = f"http://127.0.0.1:{site.http_port}"
    with httpx2.Client(base_url=base, headers={"Host": NAME}) as client:
        assert client.get("/.well-known/acme-challenge/token").text == "answer"
        answer = client.get("/v1/models?a=b")
    assert answer.status_code == 308
    assert answer.headers["location"] == f"https://{NAME}:{site.port}/v1/models?a=b"


def test_http2_is_asked_for_as_the_version_understands_it() -> None:
    old, new = (rendered(project_of(), nginx=nginx) for nginx in ((1, 18, 0), (1, 25, 1)))
    assert "listen 443 ssl http2;" in old
    assert "http2 on;" not in old
    assert "listen 443 ssl;" in new
    assert "http2 on;" in new


def test_no_request_of_another_site_is_taken() -> None:
    text = rendered(project_of(), has_ipv6=True)
    assert "default_server" not in text
    assert text.count("listen [::]:") == 2


def test_times_and_sizes_follow_the_api() -> None:
    api = "[api]\nrequest_seconds = 900\n[api.limits]\nmax_body_bytes = 5000\nbody_seconds = 12.5"
    text = rendered(project_of(api=api))
    assert "proxy_read_timeout 1805s;" in text
    assert "client_max_body_size 5000;" in text
    assert "client_body_timeout 13s;" in text


def test_a_certificate_of_the_operator_is_used_where_it_is() -> None:
    paths = 'certificate = "/etc/ssl/api.pem"\ncertificate_key = "/etc/ssl/api.key"'
    text = rendered(project_of(target=paths))
    assert "ssl_certificate /etc/ssl/api.pem;" in text
    assert "ssl_certificate_key /etc/ssl/api.key;" in text


@needs_nginx
@pytest.mark.parametrize("nginx", [(1, 22, 1), (1, 29, 0)], ids=["1.22", "1.29"])
def test_gixy_finds_nothing(nginx: tuple[int, ...], tmp_path: Path) -> None:
    gixy = shutil.which("gixy", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if gixy is None:
        pytest.skip("gixy-ng is not installed")
    (tmp_path / "site.conf").write_text(rendered(project_of(api=LIMITS), nginx=nginx))
    whole = tmp_path / "nginx.conf"
    whole.write_text("events {}\nhttp { include site.conf; }\n")
    command = [gixy, "-f", "json", str(whole)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert json.loads(run.stdout) == [], run.stdout
    # It also says nothing where it has looked at nothing.
    (tmp_path / "site.conf").write_text("server { server_tokens on; }")
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "version_disclosure" in run.stdout
