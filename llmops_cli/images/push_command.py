"""One run of ``docker push`` or ``podman push``: its lines as they come, and how it ended."""

import subprocess
import threading
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from llmops_cli.core.image import Tell
from llmops_cli.engine.docker import Engine

_LAST_LINES = 20
#: How a Docker engine says that it will send a layer again. It does so five times, within 50 s.
_RETRIES = "Retrying in "
_LAST_SECOND = "Retrying in 1 second"
_OWN_RETRIES = 4


@dataclass
class Run:
    """What a push said; ``retries`` counts how often the engine sent a layer again by itself."""

    status: int = 0
    progress: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))
    errors: deque[str] = field(default_factory=lambda: deque(maxlen=_LAST_LINES))
    retries: Counter[str] = field(default_factory=Counter)

    @property
    def said(self) -> str:
        """Its errors, or the last lines where it named none."""
        return "\n".join(self.errors or self.progress)

    @property
    def outcome(self) -> str:
        """The last line of what it said."""
        return self.said.rpartition("\n")[2]

    @property
    def is_exhausted(self) -> bool:
        """Whether the engine itself has tried as often as it does, which took most of a minute."""
        return max(self.retries.values(), default=0) >= _OWN_RETRIES


@dataclass(frozen=True)
class PushCommand:
    """A push of ``name`` with the login in ``folder``; ``plain`` for a registry without TLS."""

    engine: Engine
    name: str
    folder: Path
    plain: bool

    def run(self, tell: Tell) -> Run:
        """Push once, to its end; whatever ends us ends the program too.

        Raises:
            PreflightError: the program is missing.
        """
        run = Run()
        process = self._start()
        try:
            self._listen(process, run, tell)
            run.status = process.wait()
        finally:
            _end(process)
        return run

    def digests(self) -> tuple[str, ...]:
        """Return the digest that podman says it pushed; Docker says nothing, its engine knows."""
        with suppress(OSError):
            return (self._digest_file.read_text(encoding="utf-8").strip(),)
        return ()

    @property
    def _digest_file(self) -> Path:
        return self.folder / "digest"

    def _start(self) -> "subprocess.Popen[bytes]":
        if Path(self.engine.program).name != "podman":
            return replace(self.engine, config=self.folder).start("push", self.name)
        login = ("--authfile", str(self.folder / "config.json"))
        plain = ("--tls-verify=false",) if self.plain else ()
        digest = ("--digestfile", str(self._digest_file))
        return self.engine.start("push", *login, *plain, *digest, self.name)

    def _listen(self, process: "subprocess.Popen[bytes]", run: Run, tell: Tell) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.close()
        # Errors, and podman's progress, come on the other stream: read both, so that none fills.
        collect = (process.stderr, run.errors)
        other = threading.Thread(target=_collect, args=collect, daemon=True)
        other.start()
        for raw in process.stdout:
            line = raw.decode(errors="replace").strip()
            _note(line, run)
            tell(line)
        other.join()


def _note(line: str, run: Run) -> None:
    run.progress.append(line)
    if line.endswith(_LAST_SECOND):
        run.retries[line.partition(":")[0]] += 1


def _collect(stream: Iterable[bytes], lines: deque[str]) -> None:
    lines.extend(raw.decode(errors="replace").strip() for raw in stream)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def is_retry(line: str) -> bool:
    """Whether the engine says in this line that it failed to send something and will try again."""
    return _RETRIES in line
