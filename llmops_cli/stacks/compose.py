"""Docker Compose on the engine of a stack; the file goes in by standard input."""

import contextlib
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from llmops_cli.engine.docker import Engine
from llmops_cli.errors import EngineError
from llmops_cli.stacks.stack import Stack

#: The first version that knows all that the file uses.
OLDEST = (2, 20)
#: The file lists one release; those that are kept are no orphans.
_VARIABLES = {"COMPOSE_IGNORE_ORPHANS": "1", "COMPOSE_MENU": "0"}


class StackText(Protocol):
    """A compose file, written when it is asked for."""

    def text(self) -> str: ...


@dataclass(frozen=True)
class Compose:
    """Brings services of a stack up."""

    engine: Engine
    stack: Stack

    def version(self) -> tuple[int, ...] | None:
        """Return the version of the plugin, or None where there is none."""
        try:
            told = self.engine.run("compose", "version", "--short").decode().strip()
        except EngineError:
            return None
        parts = told.lstrip("v").split("-")[0].split("+")[0].split(".")
        return tuple(int(part) for part in parts if part.isdecimal())

    def begin(
        self, file: StackText, *services: str, renews: bool = False
    ) -> "subprocess.Popen[bytes]":
        """Begin what `up` does with ``waits``; what it says comes on its standard output."""
        words = self._words(*_up(waits=True, renews=renews), *services)
        process = self.engine.start(*words, merged=True, variables=_VARIABLES)
        with contextlib.suppress(BrokenPipeError), process.stdin as stdin:  # type: ignore[union-attr]
            stdin.write(file.text().encode())
        return process

    def up(
        self, file: StackText, *services: str, waits: bool = False, renews: bool = False
    ) -> None:
        """Start services that do not run, and wait until they are healthy if that is wanted.

        One that runs is left as it is, unless ``renews`` and its definition has changed. Nothing
        that it depends on is touched.

        Raises:
            EngineError: a service does not come up; the evidence is the end of what compose said.
        """
        words = self._words(*_up(waits=waits, renews=renews), *services)
        self.engine.run(*words, input=file.text().encode(), variables=_VARIABLES)

    def _words(self, *words: str) -> Sequence[str]:
        project = ("compose", "--project-name", self.stack.name)
        return (*project, "--file", "-", "--progress=plain", *words)

    def subnets(self) -> tuple[str, ...]:
        """Return the subnets of the stack's network; none where it is not there yet."""
        try:
            found = json.loads(self.engine.run("network", "inspect", self.stack.network))
        except EngineError:
            return ()
        pools = (found[0].get("IPAM") or {}).get("Config") or []
        return tuple(pool["Subnet"] for pool in pools if "Subnet" in pool)


def _up(*, waits: bool, renews: bool) -> Sequence[str]:
    words = ["up", "--detach", "--no-deps", "--quiet-pull"]
    return words + (["--wait"] if waits else []) + ([] if renews else ["--no-recreate"])
