"""Who has a port: a container of the engine, or somebody else on its machine."""

import socket
from dataclasses import dataclass

from llmops_cli.engine.docker import Engine

_SECONDS = 10.0
_FORM = '{{.Names}}\t{{.Label "com.docker.compose.project"}}'


@dataclass(frozen=True)
class Publisher:
    """A container that publishes a port, and the compose project that it is of, if any."""

    name: str
    project: str


def publishers_of(engine: Engine, port: int) -> list[Publisher]:
    """Return the running containers that publish a port.

    Raises:
        PreflightError: no engine answers.
        EngineError: it refused the question.
    """
    told = engine.run("ps", "--filter", f"publish={port}", "--format", _FORM, seconds=_SECONDS)
    rows = (line.partition("\t") for line in told.decode(errors="replace").splitlines())
    return [Publisher(name, project) for name, _tab, project in rows]


def why_not_free(host: str, port: int) -> str:
    """Return why nobody can listen there on this machine; nothing where one can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""
