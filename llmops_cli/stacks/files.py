"""Files of configuration in volumes that are named after their content, and so never change."""

from collections.abc import Iterable, Mapping, Sequence

from llmops_cli.engine import volumes
from llmops_cli.engine.docker import Engine
from llmops_cli.engine.volumes import Entry, TakenError
from llmops_cli.stacks.beside import ConfigFiles
from llmops_cli.stacks.stack import DATA, Stack


def put(engine: Engine, stack: Stack, wanted: Iterable[ConfigFiles]) -> None:
    """Make the volumes that are not there yet. Only inside the stack's lock."""
    labels = dict(stack.labels(DATA))
    there: set[str] | None = None
    for files in wanted:
        there = volumes.volume_names(engine, labels) if there is None else there
        if files.volume not in there:
            entries = [Entry(path, text.encode()) for path, text in files.texts.items()]
            fill(engine, files.volume, entries, labels)


def fill(engine: Engine, volume: str, entries: Sequence[Entry], labels: Mapping[str, str]) -> None:
    """Make a volume with these files. Only inside the stack's lock."""
    try:
        volumes.fill(engine, volume, entries, labels)
    except TakenError:
        # Whoever began it held the lock that is ours now, and was killed.
        volumes.abandoned(engine, volume)
        volumes.fill(engine, volume, entries, labels)
