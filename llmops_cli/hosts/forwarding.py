"""A way from this machine to a Unix socket on a host, over a connection of its own."""

import shutil
import socket
import tempfile
from pathlib import Path

from llmops_cli.hosts.connection import Connection
from llmops_cli.hosts.ssh import Ssh, failure, forbidden
from llmops_cli.hosts.trouble import UnreachableError

_ATTEMPTS = 5
#: Seconds in which what listens there must begin to answer.
_SECONDS = 15.0
_READY = b"forwarded\n"
#: Whatever listens there speaks HTTP, and answers this, be it with an error.
_QUESTION = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_TAKEN = "address already in use"
#: A shared connection would go on forwarding after we have closed ours.
_OWN_CONNECTION = ("-o", "ControlPath=none", "-o", "ExitOnForwardFailure=yes")
_PRIVATE = ("-o", "StreamLocalBindMask=0177")
#: At which ssh says that the host forwards nothing.
_TALKATIVE = ("-o", "LogLevel=INFO")


class Forwarding:
    """Forwards until it is closed, or this process ends, in whatever way."""

    def __init__(self, ssh: Ssh, host: str, path: str, *, is_private: bool = False) -> None:
        """Begin, and see that it leads somewhere.

        It begins at a port of this machine, or, where it is private, at a socket that nobody else
        on this machine can use.

        Raises:
            AccessError: the host forwards nothing, or lets us in no more.
            UnreachableError: no connection can be made, or nothing answers there.
        """
        self._host = host
        # A socket's path may not be long.
        self._folder = Path(tempfile.mkdtemp(prefix="llmops-")) if is_private else None
        for attempt in range(_ATTEMPTS):
            self._port = 0 if is_private else _free_port()
            place = f"{self.address}:{path}"
            options = ("-L", place, *_PRIVATE, *_OWN_CONNECTION, *_TALKATIVE)
            # It ends with its input, and so with us, even if we are killed.
            words = ("sh", "-c", "echo forwarded; exec cat >/dev/null")
            self._connection = Connection(ssh.command(host, *words, options=options))
            if self._begins():
                break
            status, said = self._connection.ended()
            self._connection.close()
            if _TAKEN not in said.lower() or attempt == _ATTEMPTS - 1:
                self._clear()
                raise failure(host, status, said)
        try:
            self._try()
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> str:
        """Where it listens, on this machine alone: ``127.0.0.1:PORT``, or the path of a socket."""
        return str(self._folder / "socket") if self._folder else f"127.0.0.1:{self._port}"

    def close(self) -> None:
        """End it, and what is forwarded."""
        self._connection.close(seconds=0.5)
        self._clear()

    def _begins(self) -> bool:
        while line := self._connection.line():
            if line == _READY:
                return True
        return False

    def _try(self) -> None:
        """Ask what listens there: ssh tells only then whether the host forwards at all."""
        try:
            with self._connected() as probe:
                probe.sendall(_QUESTION)
                answer = probe.recv(1)
        except OSError as error:
            raise self._dead(str(error)) from error
        if not answer:
            raise self._dead("The connection was closed at once.")

    def _connected(self) -> socket.socket:
        if self._folder is None:
            return socket.create_connection(("127.0.0.1", self._port), _SECONDS)
        probe = socket.socket(socket.AF_UNIX)
        try:
            probe.settimeout(_SECONDS)
            probe.connect(self.address)
        except OSError:
            probe.close()
            raise
        return probe

    def _clear(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _dead(self, evidence: str) -> Exception:
        # Only when it has ended, all that it says has come.
        self.close()
        said = self._connection.ended()[1]
        # The agent has just made the socket: sshd itself does not say more than this.
        if "open failed" in said:
            return forbidden(self._host, said)
        return UnreachableError(
            f"Nothing answers on {self._host} where the release should.",
            evidence=f"{evidence} {said}".strip(),
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
