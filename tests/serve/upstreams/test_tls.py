"""Upstreams behind TLS: whose certificate is good, and that nothing is sent to any other."""

import shutil
from pathlib import Path

import pytest

from tests.checks.certificates import Authority, make_authority
from tests.serve import scripted_upstream
from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import DONE, ScriptedUpstream, event, streams

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


def trusting(upstream: ScriptedUpstream, file: Path) -> dict[str, str]:
    return {**in_front_of(upstream.base_url), "SSL_CERT_FILE": str(file)}


def test_an_upstream_with_a_good_certificate_is_asked_over_one_connection(
    start: Start, authority: Authority
) -> None:
    with scripted_upstream.running(authority.serve(days=30)) as upstream:
        api = start(**trusting(upstream, authority.file))
        upstream.plays(streams(event("one"), DONE))
        assert api.chat("Hello", stream=True).content == event("one") + DONE
        assert [api.chat("Hello").status_code for _ in range(3)] == [200] * 3
        assert len({call.port for call in upstream.calls}) == 1


@pytest.mark.parametrize(
    ("name", "days", "is_known"),
    [("IP:127.0.0.1", 30, False), ("DNS:other.example", 30, True), ("IP:127.0.0.1", -1, True)],
)
def test_an_upstream_whose_certificate_is_not_good_learns_nothing(
    start: Start, authority: Authority, tmp_path: Path, name: str, days: int, is_known: bool
) -> None:
    (tmp_path / "other").mkdir()
    known = authority if is_known else make_authority(tmp_path / "other")
    with scripted_upstream.running(authority.serve(days, name)) as upstream:
        answer = start(**trusting(upstream, known.file)).chat("Hello")
        assert answer.json()["error"]["code"] == "upstream_unreachable"
        assert upstream.calls == []
