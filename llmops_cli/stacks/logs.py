"""What services of a stack write, each by its name."""

import queue
import threading
from collections.abc import Iterator, Mapping, Sequence

from llmops_cli.engine.docker import Engine
from llmops_cli.errors import LlmopsError, UsageError
from llmops_cli.stacks.running import services_on
from llmops_cli.stacks.stack import Stack

#: Lines that wait for who reads them.
_MOST_LINES = 1000


def service_lines(
    engine: Engine, stack: Stack, service: str, *, lines: int, follow: bool
) -> Iterator[str]:
    """Yield the last lines of a service's log, then, if followed, what comes until it ends.

    Raises:
        UsageError: it has no container.
    """
    found = {running.service: running.id for running in services_on(engine, stack)}
    if service not in found:
        raise unknown(service, sorted(found))
    following = ("--follow",) if follow else ()
    return engine.lines("logs", *following, "--tail", str(lines), found[service])


def unknown(service: str, known: Sequence[str]) -> UsageError:
    """Say that no service of that name runs here."""
    return UsageError(
        f"There is no service {service} in the stack.",
        evidence=f"There are: {', '.join(known)}." if known else "The stack has none.",
        next_step="llmops status",
    )


def together(sources: Mapping[str, Iterator[str]]) -> Iterator[str]:
    """Yield lines of several hosts as they come, each with its host's name, until all end."""
    came: queue.Queue[str | None] = queue.Queue(_MOST_LINES)

    def read(host: str, source: Iterator[str]) -> None:
        try:
            for line in source:
                came.put(f"{host} | {line}")
        except LlmopsError as error:
            came.put(f"{host} | {error.message}")
        finally:
            came.put(None)

    for host, source in sources.items():
        # Daemons: nobody waits for a log that goes on when the reader has gone.
        threading.Thread(target=read, args=(host, source), daemon=True).start()
    left = len(sources)
    while left:
        line = came.get()
        if line is None:
            left -= 1
        else:
            yield line
