"""Units of systemd, by systemctl and journalctl."""

import contextlib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from llmops_cli.hosts.agent.trouble import RefusedError

#: Seconds that systemd may take for what does not wait for a process of ours.
_SECONDS = 60.0
_PROPERTIES = (
    *("Id", "LoadState", "ActiveState", "SubState", "Result", "ExecMainCode", "ExecMainStatus"),
    *("NRestarts", "ActiveEnterTimestamp", "MemoryCurrent", "MemoryMax", "StatusText"),
)


@dataclass(frozen=True)
class Unit:
    """A unit as systemd sees it.

    ``memory`` is what it uses, in bytes, or None where that is not counted; ``memory_max`` what it
    may use, or None where it may use all. ``told`` is what it says of itself.
    """

    name: str
    active: str = "inactive"
    sub: str = "dead"
    result: str = "success"
    code: int = 0
    status: int = 0
    restarts: int = 0
    since: str = ""
    memory: int | None = None
    memory_max: int | None = None
    told: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it has, or is about to have, a process."""
        return self.active in ("active", "activating", "deactivating", "reloading")

    @property
    def is_wanted(self) -> bool:
        """Whether it runs, or is about to, and nobody has stopped it yet."""
        return self.is_running and self.active != "deactivating"


class Units(Protocol):
    """What we need of systemd."""

    def reload(self) -> None: ...
    def begin(self, *names: str) -> None: ...
    def start(self, *names: str) -> None: ...
    def stop(self, *names: str) -> None: ...
    def begin_to_stop(self, *names: str) -> None: ...
    def kill(self, name: str) -> None: ...
    def forget_failure(self, *names: str) -> None: ...
    def enable(self, name: str) -> None: ...
    def disable(self, name: str) -> None: ...
    def read(self, *patterns: str) -> list[Unit]: ...
    def journal(self, name: str, lines: int, since: float) -> list[str]: ...


@dataclass(frozen=True)
class Systemd:
    """The systemd that runs this host."""

    def reload(self) -> None:
        """Read the files of units again."""
        _systemctl("daemon-reload")

    def begin(self, *names: str) -> None:
        """Start units, and wait for none."""
        _systemctl("start", "--no-block", *names)

    def start(self, *names: str) -> None:
        """Start units, and wait until they run."""
        _systemctl("start", *names)

    def stop(self, *names: str) -> None:
        """Stop units, and wait until they have, for as long as their own limits allow."""
        known = [unit.name for unit in self.read(*names)]
        if known:
            _systemctl("stop", *known, seconds=None)

    def begin_to_stop(self, *names: str) -> None:
        """Stop units, and wait for none."""
        # What systemd knows no more has ended; asked to stop it, it would call that a failure.
        known = [unit.name for unit in self.read(*names)]
        if known:
            _systemctl("stop", "--no-block", *known)

    def kill(self, name: str) -> None:
        """End all processes of a unit at once."""
        with contextlib.suppress(RefusedError):
            _systemctl("kill", "--signal=KILL", name)

    def forget_failure(self, *names: str) -> None:
        """Let failed units be like new; of those that have not failed nothing is said."""
        with contextlib.suppress(RefusedError):
            _systemctl("reset-failed", *names)

    def enable(self, name: str) -> None:
        """Have a unit started at boot."""
        _systemctl("enable", "--quiet", name)

    def disable(self, name: str) -> None:
        """Have a unit not started at boot."""
        _systemctl("disable", "--quiet", name)

    def read(self, *patterns: str) -> list[Unit]:
        """Return the units of these names or patterns that systemd knows."""
        if not patterns:
            return []
        wanted = ",".join(_PROPERTIES)
        output = _systemctl("show", "--all", f"--property={wanted}", "--", *patterns)
        blocks = (
            dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
            for block in output.split("\n\n")
        )
        return [
            _unit(block) for block in blocks if block.get("LoadState") not in (None, "not-found")
        ]

    def journal(self, name: str, lines: int, since: float) -> list[str]:
        """Return the last lines of a unit, and of systemd about it, since then (in seconds)."""
        subprocess.run(["journalctl", "--sync"], stdin=subprocess.DEVNULL, check=False)
        argv = ["journalctl", "--quiet", "--no-pager", "--output=cat", f"--lines={lines}"]
        argv += [f"--unit={name}", f"--since=@{int(since)}"]
        ended = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        return ended.stdout.decode(errors="replace").splitlines()


def _systemctl(*words: str, seconds: float | None = _SECONDS) -> str:
    argv = ["systemctl", "--no-ask-password", "--no-pager", *words]
    try:
        ended = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=seconds
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise _failed(argv, str(error)) from error
    if ended.returncode:
        raise _failed(argv, ended.stderr.decode(errors="replace"))
    return ended.stdout.decode(errors="replace")


def _failed(argv: Sequence[str], evidence: str) -> RefusedError:
    return RefusedError(f"`{' '.join(argv)}` failed.", why="failed", evidence=evidence.strip())


def _unit(found: Mapping[str, str]) -> Unit:
    return Unit(
        name=found["Id"],
        active=found.get("ActiveState", ""),
        sub=found.get("SubState", ""),
        result=found.get("Result", ""),
        code=_number(found.get("ExecMainCode", "")),
        status=_number(found.get("ExecMainStatus", "")),
        restarts=_number(found.get("NRestarts", "")),
        since=found.get("ActiveEnterTimestamp", ""),
        memory=_bytes(found.get("MemoryCurrent", "")),
        memory_max=_bytes(found.get("MemoryMax", "")),
        told=found.get("StatusText", ""),
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _bytes(text: str) -> int | None:
    """Read a number of bytes; what is not limited, or not known, is told by words or by 2^64-1."""
    return int(text) if text.isdecimal() and int(text) < 2**63 else None
