"""Registries with certificates of their own are trusted where Docker's engine trusts them."""

import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from llmops_cli.errors import BuildError, PreflightError
from llmops_cli.registries.login import Fixed
from llmops_cli.registries.oci import Registry
from llmops_cli.registries.patience import Patience
from llmops_cli.registries.reference import Repository
from llmops_cli.registries.trust import context_for
from tests.checks.certificates import Authority, make_authority
from tests.project import free_port


class Distant(Repository):
    """A registry that is asked as one on another machine is, by TLS."""

    @property
    def is_loopback(self) -> bool:
        return False


class _Root(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that trust nobody go away."""


@pytest.fixture
def host(authority: Authority) -> Iterator[str]:
    server = _Server(("127.0.0.1", free_port()), _Root)
    server.socket = authority.serve(days=2).wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def registry(host: str, certificates: Path) -> Registry:
    return Registry(Distant(host, "team/chat"), Fixed(), Patience(first_seconds=0.01), certificates)


def test_an_authority_that_docker_was_given_is_trusted(
    host: str, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / host).mkdir()
    (tmp_path / host / "ca.crt").write_bytes(authority.file.read_bytes())
    registry(host, tmp_path).check()


def test_a_certificate_of_nobody_is_refused_at_once_with_the_place_to_trust_it(
    host: str, tmp_path: Path
) -> None:
    with pytest.raises(BuildError, match="does not answer") as raised:
        registry(host, tmp_path).check()
    assert "CERTIFICATE_VERIFY_FAILED" in raised.value.evidence
    assert f"/etc/docker/certs.d/{host}/ca.crt" in raised.value.next_step


def test_an_authority_is_trusted_for_its_own_registry_only(
    host: str, authority: Authority, tmp_path: Path
) -> None:
    other = tmp_path / "other.example.com"
    other.mkdir()
    (other / "ca.crt").write_bytes(authority.file.read_bytes())
    with pytest.raises(BuildError):
        registry(host, tmp_path).check()


def test_a_registry_that_asks_who_we_are_is_shown_dockers_certificate(
    authority: Authority, tmp_path: Path
) -> None:
    demanding = authority.serve(days=3)
    demanding.verify_mode = ssl.CERT_REQUIRED
    demanding.load_verify_locations(authority.file)
    server = _Server(("127.0.0.1", free_port()), _Root)
    server.socket = demanding.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    host = f"127.0.0.1:{server.server_port}"
    folder = tmp_path / host
    folder.mkdir()
    (folder / "ca.crt").write_bytes(authority.file.read_bytes())
    try:
        with pytest.raises(BuildError):
            registry(host, tmp_path).check()
        (folder / "client.cert").write_bytes((authority.folder / "3-IP-127.0.0.1.pem").read_bytes())
        (folder / "client.key").write_bytes((authority.folder / "3-IP-127.0.0.1.key").read_bytes())
        registry(host, tmp_path).check()
    finally:
        server.shutdown()
        server.server_close()


def test_a_registry_without_tls_elsewhere_is_told_so(tmp_path: Path) -> None:
    server = _Server(("127.0.0.1", free_port()), _Root)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        with pytest.raises(BuildError) as raised:
            registry(f"127.0.0.1:{server.server_port}", tmp_path).check()
        assert "plain HTTP is used on this machine only" in raised.value.next_step
    finally:
        server.shutdown()
        server.server_close()


def test_a_certificate_that_cannot_be_read_is_named(host: str, tmp_path: Path) -> None:
    (tmp_path / host).mkdir()
    (tmp_path / host / "ca.crt").write_text("no certificate")
    with pytest.raises(PreflightError, match=r"ca\.crt"):
        registry(host, tmp_path).check()


def test_the_authorities_of_the_system_are_trusted(tmp_path: Path) -> None:
    assert context_for("example.com", tmp_path).verify_mode is ssl.CERT_REQUIRED
    assert httpx2.Client(verify=context_for("example.com", tmp_path)).close() is None
