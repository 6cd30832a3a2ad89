"""A real nginx that serves the site of a project, and an API behind it on a Unix socket."""

import shutil
import socketserver
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx2
import pytest

from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.load import parse
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.layout import HostLayout
from llmops_cli.hosts.site import site_of
from tests.project import free_port
from tests.waiting import eventually

needs_nginx = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")

NAME = "api.example.com"
_MAIN = """daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    include {folder}/site.conf;
}}
"""


def installed() -> tuple[int, ...]:
    """The version of nginx on this machine."""
    said = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
    return tuple(map(int, said.split("/")[1].split()[0].split(".")))


def project_of(*, target: str = "", api: str = "") -> str:
    """The text of a project file with a target of kind host."""
    lines = ['name = "my-chat"', api, "[targets.host]", 'hosts = ["deploy@host1"]']
    if "server_name" not in target:
        lines.append(f'server_name = "{NAME}"')
    return "\n".join([*lines, target])


def rendered(text: str, *, nginx: Sequence[int] = (1, 22, 1), has_ipv6: bool = False) -> str:
    """The site that a project wants on a host with that nginx."""
    config = parse(text, "llmops.toml")
    settings = config.targets["host"]
    assert isinstance(settings, HostTarget)
    facts = HostFacts("host1", nginx=tuple(nginx), has_ipv6=has_ipv6)
    return site_of(config, settings, HostLayout(settings.app or config.name), facts)


@dataclass
class Site:
    """A site that is served from a folder. ``asked`` are the headers that reached the API."""

    folder: Path
    port: int
    http_port: int
    asked: list[dict[str, str]] = field(default_factory=list)
    may_end: threading.Event = field(default_factory=threading.Event)

    def client(self, **options: Any) -> httpx2.Client:
        headers = {"Host": NAME}
        base = f"https://127.0.0.1:{self.port}"
        return httpx2.Client(base_url=base, headers=headers, verify=False, timeout=20, **options)

    @property
    def log(self) -> str:
        return (self.folder / "my-chat.access.log").read_text()


@contextmanager
def served(folder: Path, text: str) -> Iterator[Site]:
    """Serve the site of a project by the nginx of this machine, with another API's socket."""
    site = Site(folder, free_port(), free_port())
    wanted = rendered(text + f"\nport = {site.port}\n", nginx=installed())
    here = wanted.replace("/opt/my-chat", str(folder)).replace("/var/log/nginx", str(folder))
    (folder / "site.conf").write_text(here.replace("listen 80;", f"listen {site.http_port};"))
    (folder / "nginx.conf").write_text(_MAIN.format(folder=folder))
    _make_certificate(folder / "tls")
    (folder / "current").mkdir()
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        with site.client() as client:
            eventually(lambda: client.get("/version").status_code)
        with _api(site, folder / "current" / "socket"):
            yield site
    finally:
        process.terminate()
        process.wait()


def _make_certificate(folder: Path) -> None:
    folder.mkdir()
    made = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command = ["openssl", "req", "-x509", *kind, "-subj", f"/CN={NAME}", *made]
    subprocess.run(command, check=True, capture_output=True)


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64
    site: Site


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.site.asked.append({k.lower(): v for k, v in self.headers.items()})
        if self.path == "/stream":
            self._stream()
            return
        refused = self.path == "/busy"
        self.send_response(503 if refused else 200)
        body = b'{"own":true}'
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Frame-Options", "SAMEORIGIN")
        if refused:
            self.send_header("Retry-After", "77")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/x-ndjson")
        self.end_headers()
        self.wfile.write(b"first\n")
        self.wfile.flush()
        self.server.site.may_end.wait(20)
        self.wfile.write(b"last\n")
        self.close_connection = True


@contextmanager
def _api(site: Site, path: Path) -> Iterator[None]:
    with _Server(str(path), _Api) as server:
        server.site = site
        path.chmod(0o777)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
