"""Messages over Unix sockets: one JSON object a line, with a file descriptor where needed."""

import contextlib
import json
import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from llmops_cli.errors import PreflightError

#: Bytes that fit into an address on every system we know (macOS has 104, Linux 108).
_MAX_ADDRESS = 100
_MAX_MESSAGE = 1 << 20


class NoAnswerError(Exception):
    """Nobody answers at a socket, or whoever did has gone."""


class Channel:
    """One connection, from the side that asks."""

    def __init__(self, path: Path, *, timeout: float) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout)
        try:
            with socket_address(path) as address:
                self._socket.connect(address)
        except OSError as error:
            self._socket.close()
            raise NoAnswerError(f"{path.name}: {error.strerror or error}") from error

    @property
    def timeout(self) -> float | None:
        """Seconds that an answer may take."""
        return self._socket.gettimeout()

    @timeout.setter
    def timeout(self, seconds: float) -> None:
        self._socket.settimeout(seconds)

    def ask(self, do: str, /, **details: object) -> dict[str, Any]:
        """Send one message and return the answer."""
        return self.exchange({"do": do, **details})[0]

    def exchange(
        self, message: Mapping[str, object], descriptor: int | None = None
    ) -> tuple[dict[str, Any], int | None]:
        """Send a message, with a descriptor if one is given; return the answer, and with it the
        descriptor that came back, if any.

        Raises:
            NoAnswerError: the connection broke, or the time for an answer is up.
        """
        line = json.dumps(message).encode() + b"\n"
        try:
            socket.send_fds(self._socket, [line], [] if descriptor is None else [descriptor])
            data, lent = self._receive()
        except OSError as error:
            raise NoAnswerError(str(error) or type(error).__name__) from error
        return json.loads(data), lent

    def fileno(self) -> int:
        """Return the descriptor of the connection; it becomes readable when the peer goes."""
        return self._socket.fileno()

    def close(self) -> None:
        """End the connection; whoever waits for an answer in another thread gets none."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _receive(self) -> tuple[bytes, int | None]:
        data, lent = b"", None
        while not data.endswith(b"\n"):
            part, descriptors, _flags, _address = socket.recv_fds(self._socket, 65536, 1)
            if not part or len(data) > _MAX_MESSAGE:
                raise NoAnswerError("the connection ended before the answer")
            data += part
            lent = descriptors[0] if descriptors else lent
        return data, lent


def listen(path: Path) -> socket.socket:
    """Listen at a path, in the place of whatever is there, for its owner only."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with socket_address(path) as address:
        listening.bind(address)
    path.chmod(0o600)
    listening.listen(64)
    return listening


@contextlib.contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """Give an address for a path, also for one that is longer than an address may be.

    Raises:
        PreflightError: the path is too long and the system offers no way round.
    """
    if len(os.fsencode(path)) <= _MAX_ADDRESS:
        yield str(path)
        return
    if not Path("/proc/self/fd").is_dir():
        raise PreflightError(
            "The path of the project is too long for a Unix socket.",
            evidence=str(path),
            next_step="Move the project to a folder with a shorter path.",
        )
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
