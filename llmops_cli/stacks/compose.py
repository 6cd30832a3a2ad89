"""Docker Compose on the engine of a stack; the file goes in by standard input."""

import json
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

    def up(
        self, file: StackText, *services: str, waits: bool = False, renews: bool = False
    ) -> None:
        """Start services that do not run, and wait until they are healthy if that is wanted.

        One that runs is left as it is, unless ``renews`` and its definition has changed. Nothing
        that it depends on is touched.

        Raises:
            EngineError: a service does not come up; the evidence is the end of what compose said.
        """
        words = ["up", "--detach", "--no-deps", "--quiet-pull"]
        words += ["--wait"] if waits else []
        words += [] if renews else ["--no-recreate"]
        self._run(file, *words, *services)

    def _run(self, file: StackText, *words: str) -> bytes:
        command = ("compose", "--project-name", self.stack.name, "--file", "-", "--progress=plain")
        text = file.text().encode()
        return self.engine.run(*command, *words, input=text, variables=_VARIABLES)

    def subnets(self) -> tuple[str, ...]:
        """Return the subnets of the stack's network; none where it is not there yet."""
        try:
            found = json.loads(self.engine.run("network", "inspect", self.stack.network))
        except EngineError:
            return ()
        pools = (found[0].get("IPAM") or {}).get("Config") or []
        return tuple(pool["Subnet"] for pool in pools if "Subnet" in pool)
