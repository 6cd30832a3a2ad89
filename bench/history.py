"""Do `releases`, `status` and `deploy` slow down with the number of recorded releases?

Writes 10,000 named releases, which no rule retires, and 10,000 events beside an ordinary project,
and prints how long each command takes as a ratio to the same command with only a few.
"""

import shutil
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from llmops_cli.core.target import Event
from llmops_cli.targets.local.journal import Journal
from llmops_cli.targets.local.layout import Layout
from llmops_cli.targets.local.store import Store, write_json
from tests.project import Project, make_project

RELEASES = 10_000
ROUNDS = 7
COMMANDS = ("releases", "status", "deploy")


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "chat")
        try:
            project.ok("deploy")
            few = {command: _measure(project, command) for command in COMMANDS}
            record(project, RELEASES)
            many = {command: _measure(project, command) for command in COMMANDS}
        finally:
            project.close()
    for command in COMMANDS:
        ratio = many[command] / few[command]
        print(
            f"{command:<9} {few[command]:5.2f} s with few, {many[command]:5.2f} s with {RELEASES}, "
            f"ratio {ratio:4.2f}"
        )


def record(project: Project, count: int) -> None:
    """Copy the live release under many ids, each with a name, and write an event for each."""
    layout = Layout(project.state)
    store = Store(layout)
    live = project.serving()
    names = {}
    for number in range(count):
        release = f"{number:012x}"
        shutil.copytree(store.folder(live), store.folder(release))
        names[f"name-{number}"] = release
    write_json(layout.names, names)
    journal = Journal(layout.history)
    for number in range(count):
        journal.append(Event(datetime.now(UTC), "deploy", f"{number:012x}", "bench", {}))


def _measure(project: Project, command: str) -> float:
    seconds = []
    for number in range(ROUNDS):
        if command == "deploy":
            project.change(f"{command} {number} {time.monotonic()}")
        started = time.monotonic()
        project.ok(command)
        seconds.append(time.monotonic() - started)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
