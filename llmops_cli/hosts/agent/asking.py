"""Who answers: GET /version, over a connection of its own."""

import http.client
import json
import socket
import ssl
from pathlib import Path


class _OverUnixSocket(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _OverTls(http.client.HTTPSConnection):
    def __init__(self, port: int, server_name: str, seconds: float) -> None:
        # This machine asks itself; whether others trust the certificate, they check.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        super().__init__(server_name, port, timeout=seconds, context=context)
        self._tls = context

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=self.timeout)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def at_socket(path: Path, seconds: float = 2.0) -> str:
    """Return the release that answers at a Unix socket.

    Raises:
        OSError: nobody answers, or not who we know; its text says what there was.
    """
    return _ask(_OverUnixSocket(path, seconds))


def at_port(port: int, server_name: str, seconds: float = 5.0) -> str:
    """Return the release that answers over TLS at a port of this host; errors as `at_socket`."""
    return _ask(_OverTls(port, server_name, seconds))


def _ask(connection: http.client.HTTPConnection) -> str:
    try:
        connection.request("GET", "/version", headers={"Connection": "close"})
        response = connection.getresponse()
        body = response.read(65536)
    except http.client.HTTPException as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
    try:
        return str(json.loads(body)["release"])
    except (ValueError, KeyError, TypeError) as error:
        text = body[:200].decode(errors="replace")
        raise OSError(f"status {response.status}: {text}") from error
