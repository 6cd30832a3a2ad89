"""Shows the steps of a plan as they happen: live on a terminal, one line per state without one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from llmops_cli.cli.output import Output
from llmops_cli.core.plan import Event, Observer, StepFailed, StepSaid, StepStarted

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def shown(output: Output) -> Iterator[Observer]:
    """Give an observer that shows steps on stderr for as long as the context lasts."""
    if not sys.stderr.isatty():
        yield lambda event: _tell(event, output)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    with console.status("") as status:

        def observe(event: Event) -> None:
            said = f" {event.line}" if isinstance(event, StepSaid) else ""
            status.update(Text.assemble(event.step.title, (said, "dim"), overflow="ellipsis"))
            # Like a note: a terminal that is gone is no reason to stop half-way.
            with suppress(OSError):
                _print(event, console, output)

        yield observe


def _tell(event: Event, output: Output) -> None:
    if isinstance(event, StepStarted):
        details = [f"    {key}: {value}" for key, value in event.step.details.items()]
        output.note("\n".join([f"{event.step.title} ...", *(details if output.verbose else [])]))
    elif isinstance(event, StepSaid):
        if output.verbose or event.milestone:
            output.note(f"    {event.line}")
    elif isinstance(event, StepFailed):
        output.note(f"  failed after {event.seconds:.2f} s")
    else:
        output.note(f"  done in {event.seconds:.2f} s")


def _print(event: Event, console: "Console", output: Output) -> None:
    from rich.text import Text

    if isinstance(event, StepStarted | StepSaid):
        return
    mark, style = ("✗", "red") if isinstance(event, StepFailed) else ("✓", "green")
    # Text and not markup: a folder's name may hold brackets.
    seconds = (f" {event.seconds:.2f} s", "dim")
    console.print(Text.assemble((mark, style), f" {event.step.title}", seconds))
    for key, value in event.step.details.items() if output.verbose else ():
        console.print(Text(f"    {key}: {value}", "dim"))
