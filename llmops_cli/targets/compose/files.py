"""Files of configuration in volumes that are named after their content, and so never change."""

import hashlib
from collections.abc import Mapping

from llmops_cli.engine import volumes
from llmops_cli.engine.docker import Engine
from llmops_cli.engine.volumes import Entry, TakenError
from llmops_cli.targets.compose.stack import DATA, Stack


def name_of(stack: Stack, service: str, files: Mapping[str, str]) -> str:
    """Return the volume of a service that holds exactly these files; paths are relative to it."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(f"{path}\0{len(files[path])}\0{files[path]}".encode())
    return stack.config(service, digest.hexdigest()[:12])


def put(engine: Engine, stack: Stack, service: str, files: Mapping[str, str]) -> str:
    """Make that volume, unless it is there, and return its name. Only inside the stack's lock."""
    name, labels = name_of(stack, service, files), dict(stack.labels(DATA))
    if name in volumes.volume_names(engine, labels):
        return name
    entries = [Entry(path, text.encode()) for path, text in files.items()]
    try:
        volumes.fill(engine, name, entries, labels)
    except TakenError:
        # Whoever began it held the lock that is ours now, and was killed.
        volumes.abandoned(engine, name)
        volumes.fill(engine, name, entries, labels)
    return name
