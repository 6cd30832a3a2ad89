"""One connection of ssh to an engine elsewhere, in the place of one for every command."""

import contextlib
import shutil
import socket
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

_SOCKET = "/var/run/docker.sock"
_SECONDS = 15.0
_READY = b"forwarded\n"
#: Any engine answers this, and no login is asked for.
_PING = b"GET /_ping HTTP/1.0\r\n\r\n"
_SETTINGS = (
    "BatchMode=yes",
    "ConnectTimeout=10",
    "ExitOnForwardFailure=yes",
    "ForwardAgent=no",
    "RequestTTY=no",
    "RemoteCommand=none",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    # A connection that others share would go on forwarding after this one has ended.
    "ControlMaster=no",
    "ControlPath=none",
    # Whoever gets at the socket is root there.
    "StreamLocalBindMask=0177",
)


@dataclass(frozen=True)
class _Forwarding:
    """What forwards, and the folder that its socket is in."""

    process: "subprocess.Popen[bytes]"
    folder: Path

    @property
    def socket(self) -> Path:
        return self.folder / "engine.sock"

    def answers(self) -> bool:
        """Whether an engine is at the other end."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(_SECONDS)
            asking.connect(str(self.socket))
            asking.sendall(_PING)
            return asking.recv(5) == b"HTTP/"
        return False

    def end(self) -> None:
        """End it, and remove its folder."""
        self.process.terminate()
        self.process.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)


class Way:
    """Leads to an engine behind ssh, from when it is first asked for until nobody needs it.

    Where it cannot be made, for instance because ssh would ask for a password, or because the
    engine is not where engines are, docker's own way over ssh is taken.
    """

    def __init__(self) -> None:
        """Lead nowhere yet."""
        self._found: _Forwarding | None = None
        self._is_tried = False
        self._guard = threading.Lock()

    def to(self, host: str) -> str | None:
        """Return an address by which ``ssh://…`` is reached from here; None where there is none.

        A connection that broke is made anew; what could not be made once is not tried again.
        """
        with self._guard:
            is_broken = self._found is not None and self._found.process.poll() is not None
            if is_broken or not self._is_tried:
                self._is_tried, self._found = True, _forwarding(host)
                if self._found is not None:
                    weakref.finalize(self, self._found.end)
            return f"unix://{self._found.socket}" if self._found else None


def _forwarding(host: str) -> _Forwarding | None:
    # Not below the folder of the user, whose path may be too long for a socket.
    folder = Path(tempfile.mkdtemp(prefix="llmops-"))
    try:
        process = subprocess.Popen(
            _command(host, folder / "engine.sock"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # An interrupt at the terminal is ours: what it undoes needs the engine.
            start_new_session=True,
        )
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        return None
    made = _Forwarding(process, folder)
    if any(line == _READY for line in _lines(process)) and made.answers():
        return made
    made.end()
    return None


def _lines(process: "subprocess.Popen[bytes]") -> Iterator[bytes]:
    assert process.stdout is not None
    yield from iter(process.stdout.readline, b"")


def _command(host: str, place: Path) -> list[str]:
    url = urlsplit(host)
    words = [word for setting in _SETTINGS for word in ("-o", setting)]
    words += ["-l", unquote(url.username)] if url.username else []
    words += ["-p", str(url.port)] if url.port else []
    words += ["-L", f"{place}:{url.path.rstrip('/') or _SOCKET}"]
    # It ends with its input, and so with us, even if we are killed.
    return ["ssh", *words, "--", url.hostname or "", "echo forwarded; exec cat >/dev/null"]
