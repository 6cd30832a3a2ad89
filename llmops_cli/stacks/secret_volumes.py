"""Secrets of services, as volumes that their containers mount: one volume a version."""

import contextlib
from collections.abc import Mapping

from llmops_cli.core.target import SecretStore
from llmops_cli.engine import volumes
from llmops_cli.engine.docker import Engine
from llmops_cli.engine.volumes import Entry
from llmops_cli.errors import EngineError, PreflightError
from llmops_cli.stacks.files import fill
from llmops_cli.stacks.service import secret_volume
from llmops_cli.stacks.stack import ROLE, STACK, Stack

_ROLE = "secret"
#: The file of a volume that holds the value.
_VALUE = "value"


def put(engine: Engine, stack: Stack, store: SecretStore, versions: Mapping[str, str]) -> None:
    """Make the volumes of secrets that are not there yet. Only inside the target's lock.

    Raises:
        PreflightError: one has no value.
    """
    labels = _labels(stack)
    there = volumes.volume_names(engine, labels)
    for name, version in versions.items():
        volume = secret_volume(stack.name, name, version)
        if volume in there:
            continue
        value = store.read(name, version)
        if value is None:
            raise PreflightError(
                f"The secret {name} has no value.", next_step=f"llmops secrets set {name}"
            )
        # A container's user is not known here, and nobody else gets at the engine's volumes.
        fill(engine, volume, (Entry(_VALUE, value.reveal().encode()),), labels)


def forget(engine: Engine, stack: Stack, versions: Mapping[str, str]) -> None:
    """Remove the volumes of other versions, which no container has any more."""
    kept = {secret_volume(stack.name, name, version) for name, version in versions.items()}
    for volume in volumes.volume_names(engine, _labels(stack)) - kept:
        # One that a container has stays with it.
        with contextlib.suppress(EngineError):
            engine.run("volume", "rm", volume)


def _labels(stack: Stack) -> dict[str, str]:
    return {STACK: stack.name, ROLE: _ROLE}
