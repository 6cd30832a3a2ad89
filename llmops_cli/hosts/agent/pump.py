"""A door: a socket that only one login may use, which leads to a socket that only root may."""

import contextlib
import os
import shutil
import socket
import tempfile
import threading
from pathlib import Path

_CHUNK = 64 * 1024
_PREFIX = "llmops-"


class Door:
    """Listens at ``path`` until it is closed, and passes on in both directions."""

    def __init__(self, run: Path, leads_to: Path, owner: int) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=run))
        self.path = self._folder / "socket"
        self._leads_to = leads_to
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self.path))
        self.path.chmod(0o600)
        os.chown(self.path, owner, -1)
        self._folder.chmod(0o711)
        self._listening.listen(64)
        threading.Thread(target=self._accept, name="door", daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                visitor, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(visitor,), daemon=True).start()

    def _serve(self, visitor: socket.socket) -> None:
        with visitor, socket.socket(socket.AF_UNIX) as host:
            try:
                host.connect(str(self._leads_to))
            except OSError:
                return
            back = threading.Thread(target=_pass_on, args=(host, visitor), daemon=True)
            back.start()
            _pass_on(visitor, host)
            back.join()


def sweep_doors(run: Path) -> None:
    """Remove the doors of agents that were killed."""
    for folder in run.glob(f"{_PREFIX}*-*"):
        process = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if process.isdecimal() and not Path("/proc", process).exists():
            shutil.rmtree(folder, ignore_errors=True)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Pass on until the end; the other direction may go on after it."""
    try:
        while data := source.recv(_CHUNK):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        # The other direction waits for something that will not come.
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
