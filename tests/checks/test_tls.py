"""TLS is valid, for this host, by an authority that is trusted, and for two more weeks."""

import shutil
from pathlib import Path

import pytest

from llmops_cli.checks.http import trusting
from tests.checks.asking import FAILED, PASSED, asked, subject
from tests.checks.certificates import Authority, make_authority
from tests.checks.faulty_servers import serving
from tests.checks.good_api import GoodApi

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


def tls_of(authority: Authority, days: int, name: str = "IP:127.0.0.1"):
    with serving(GoodApi(), authority.serve(days, name)) as server:
        return asked(subject(server.url), "liveness", "tls", "chat")


def test_a_certificate_that_lasts_passes_with_its_days_as_evidence(trusted: Authority) -> None:
    results = tls_of(trusted, 90)
    assert {result.verdict for result in results.values()} == {PASSED}
    assert "TLSv1.3" in results["tls"].evidence
    assert "90 more days" in results["tls"].evidence


def test_a_certificate_that_ends_within_two_weeks_fails(trusted: Authority) -> None:
    results = tls_of(trusted, 13)
    assert results["tls"].verdict is FAILED
    assert "ends in 13 days" in results["tls"].evidence
    assert results["liveness"].verdict is PASSED


@pytest.mark.parametrize(
    ("days", "name", "evidence"),
    [
        (-1, "IP:127.0.0.1", "certificate has expired"),
        (90, "DNS:chat.example.com", "not valid for '127.0.0.1'"),
    ],
    ids=["expired", "other host"],
)
def test_a_certificate_that_is_not_valid_fails_with_the_reason(
    trusted: Authority, days: int, name: str, evidence: str
) -> None:
    results = tls_of(trusted, days, name)
    for check in ("tls", "liveness"):
        assert results[check].verdict is FAILED
        assert evidence in results[check].evidence


def test_a_certificate_of_an_unknown_authority_fails(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(make_authority(tmp_path).file))
    results = tls_of(authority, 90)
    assert results["tls"].verdict is FAILED
    assert "certificate verify failed" in results["tls"].evidence


def test_certificates_that_are_vouched_for_are_trusted_besides_the_systems(
    authority: Authority,
) -> None:
    vouched = {"trusted": authority.file.read_text()}
    with serving(GoodApi(), authority.serve(90)) as server:
        assert asked(subject(server.url, **vouched), "tls")["tls"].verdict is PASSED
        assert asked(subject(server.url), "tls")["tls"].verdict is FAILED
    context = trusting(authority.file.read_text())
    assert len(context.get_ca_certs()) == len(trusting("").get_ca_certs()) + 1


def test_a_servers_own_certificate_may_be_trusted_and_for_its_own_name_alone(
    authority: Authority,
) -> None:
    here, elsewhere = authority.serve(90), authority.serve(90, "DNS:chat.example.com")
    own = {"trusted": (authority.folder / "90-IP-127.0.0.1.pem").read_text()}
    other = {"trusted": (authority.folder / "90-DNS-chat.example.com.pem").read_text()}
    with serving(GoodApi(), here) as server:
        assert asked(subject(server.url, **own), "tls")["tls"].verdict is PASSED
    with serving(GoodApi(), elsewhere) as server:
        result = asked(subject(server.url, **other), "tls")["tls"]
    assert result.verdict is FAILED
    assert "not valid for '127.0.0.1'" in result.evidence


def test_plain_http_where_tls_is_expected_fails() -> None:
    with serving(GoodApi()) as server:
        results = asked(subject(server.url.replace("http:", "https:")), "liveness", "tls")
    assert {result.verdict for result in results.values()} == {FAILED}
    assert "SSL" in results["tls"].evidence
