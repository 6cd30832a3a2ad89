"""Stands between the command line and ssh, notes what is asked of hosts, and cuts on demand.

`python -m tests.hosts.cutting FOLDER SSH ARGUMENT…` runs ssh. ``FOLDER/asked`` gets a line for
each verb; ``FOLDER/cut`` holds when to cut the connection: "MOMENT VERB". It is cut once, either
before the host hears the verb (``unsent``), at the first that it tells of it (``begun``), or when
it has done it and is about to say so (``unheard``).
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

_VERB = re.compile(rb'"do": ?"([a-z_]+)"')
_LAST_LINE = {
    "begun": re.compile(rb"."),
    "unheard": re.compile(rb'^\{"(answer|refused)"', re.MULTILINE),
}
MOMENTS = ("unsent", "begun", "unheard")


@dataclass(frozen=True)
class Cutter:
    """Puts itself in the place of ssh, for the commands of a test."""

    folder: Path

    def path(self) -> str:
        """Make the program; return the PATH on which it is found first."""
        program = self.folder / "bin" / "ssh"
        program.parent.mkdir(parents=True, exist_ok=True)
        root = Path(__file__).parents[2]
        program.write_text(
            f"#!/bin/sh\nPYTHONPATH={root} exec {sys.executable} -m tests.hosts.cutting "
            f'{self.folder} {shutil.which("ssh")} "$@"\n'
        )
        program.chmod(0o755)
        return f"{program.parent}:{os.environ['PATH']}"

    def at(self, moment: str, verb: str) -> None:
        """Cut the next connection over which a verb is asked, at a moment."""
        (self.folder / "cut").write_text(f"{moment} {verb}")

    def asked(self) -> list[str]:
        """The verbs that were asked so far, each once."""
        file = self.folder / "asked"
        lines = file.read_text().split() if file.exists() else []
        return list(dict.fromkeys(lines))

    @property
    def has_cut(self) -> bool:
        """Whether what `at` asked for came about."""
        return not (self.folder / "cut").exists()


class _Relay:
    def __init__(self, folder: Path, words: list[str]) -> None:
        self._folder = folder
        # It ends with this process, however that ends.
        words = ["setpriv", "--pdeathsig", "TERM", *words]
        self._ssh = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._awaits: re.Pattern[bytes] | None = None
        signal.signal(signal.SIGTERM, lambda *_: self._ssh.terminate())

    def run(self) -> int:
        threading.Thread(target=self._up, daemon=True).start()
        assert self._ssh.stdout is not None
        while data := os.read(self._ssh.stdout.fileno(), 65536):
            if self._awaits is not None and self._awaits.search(data):
                self._cut()
            os.write(1, data)
        status = self._ssh.wait()
        return status if status >= 0 else 255

    def _up(self) -> None:
        assert self._ssh.stdin is not None
        while data := os.read(0, 65536):
            moment = self._moment(data)
            if moment == "unsent":
                self._cut()
            # What follows, such as a beat, changes nothing of what is waited for.
            self._awaits = self._awaits or _LAST_LINE.get(moment)
            self._ssh.stdin.write(data)
            self._ssh.stdin.flush()
        self._ssh.stdin.close()

    def _moment(self, data: bytes) -> str:
        for verb in _VERB.findall(data):
            if verb == b"beat":
                continue
            with (self._folder / "asked").open("ab") as file:
                file.write(verb + b"\n")
            wanted = self._folder / "cut"
            if wanted.exists() and wanted.read_text().split()[1] == verb.decode():
                return wanted.read_text().split()[0]
        return ""

    def _cut(self) -> None:
        (self._folder / "cut").unlink()
        self._ssh.kill()
        self._ssh.wait()
        os.write(2, b"Connection closed by remote host\n")
        os._exit(255)


if __name__ == "__main__":
    sys.exit(_Relay(Path(sys.argv[1]), sys.argv[2:]).run())
