"""Runs a program that must not be left alone: an interrupt is passed on, and its end awaited."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import IO


@dataclass(frozen=True)
class Ended:
    """How a program ended: its status, what it wrote, and whether it was interrupted."""

    status: int
    lines: tuple[str, ...]
    was_interrupted: bool

    @property
    def text(self) -> str:
        """All that it wrote."""
        return "\n".join(self.lines)


def run(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    take: Callable[[str], None] = lambda line: None,
) -> Ended:
    """Run a program to its end, handing on each line as it comes.

    The program has a session of its own, so that a Ctrl-C reaches us alone: it is passed on once
    each time, and the program gets the time that it needs to leave things in order.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    waiting: SimpleQueue[str | None] = SimpleQueue()
    reader = threading.Thread(target=_read, args=(process.stdout, waiting), daemon=True)
    reader.start()
    return _follow(process, waiting, take)


def _read(stream: IO[str] | None, waiting: "SimpleQueue[str | None]") -> None:
    with stream or open(os.devnull, encoding="utf-8") as lines:  # noqa: PTH123
        for line in lines:
            waiting.put(line.rstrip("\n"))
    waiting.put(None)


def _follow(
    process: "subprocess.Popen[str]",
    waiting: "SimpleQueue[str | None]",
    take: Callable[[str], None],
) -> Ended:
    lines: list[str] = []
    was_interrupted = False
    while True:
        try:
            line = waiting.get()
            if line is None:
                break
            lines.append(line)
            take(line)
        except KeyboardInterrupt:
            was_interrupted = True
            process.send_signal(signal.SIGINT)
    return Ended(_wait(process), tuple(lines), was_interrupted)


def _wait(process: "subprocess.Popen[str]") -> int:
    """Wait for a program that has closed its output: it ends at once, whatever is pressed."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
