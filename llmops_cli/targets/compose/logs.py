"""What the live release writes, followed from one container to the next."""

import selectors
import subprocess
import time
from collections.abc import Callable, Iterator

from llmops_cli.engine.docker import Engine
from llmops_cli.targets.compose.containers import Container

#: Seconds between looks at which release is live.
_LOOK_SECONDS = 2.0
_CHUNK = 64 * 1024


def last_lines(engine: Engine, container: Container, count: int) -> Iterator[str]:
    """Yield the last lines of a container's log."""
    yield from engine.lines("logs", "--tail", str(count), container.id)


def follow(engine: Engine, current: Callable[[], Container | None], lines: int) -> Iterator[str]:
    """Yield the last lines of what is live, and then, for ever, what it and its successors write.

    ``current`` returns the container that is live now.
    """
    tail, seen = str(lines), ""
    while True:
        container = current()
        if container is None or (container.id == seen and not container.is_running):
            time.sleep(_LOOK_SECONDS)
            continue
        since = () if container.id != seen else ("--since", container.started_at)
        seen = container.id
        command = ("logs", "--follow", "--tail", tail, *since, container.id)
        yield from _until_another(engine, command, container.id, current)
        tail = "all"


def _until_another(
    engine: Engine, command: tuple[str, ...], id: str, current: Callable[[], Container | None]
) -> Iterator[str]:
    """Yield lines until the container ends, or another one is live."""
    process = subprocess.Popen(
        [*engine.command, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=engine.environment,
    )
    assert process.stdout is not None
    try:
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            rest, looked = b"", time.monotonic()
            while True:
                if selector.select(_LOOK_SECONDS):
                    data = process.stdout.read1(_CHUNK)  # type: ignore[attr-defined]
                    if not data:
                        return
                    *whole, rest = (rest + data).split(b"\n")
                    yield from (line.decode(errors="replace").rstrip("\r") for line in whole)
                if time.monotonic() - looked > _LOOK_SECONDS:
                    looked, now = time.monotonic(), current()
                    if now is not None and now.id != id:
                        return
    finally:
        process.terminate()
        process.communicate()
