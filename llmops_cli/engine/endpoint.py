"""Where an engine is: on this machine, or on another."""

import contextlib
from urllib.parse import urlsplit

from llmops_cli.engine.docker import Engine
from llmops_cli.errors import EngineError, PreflightError

_SECONDS = 10.0


def endpoint_of(engine: Engine) -> str:
    """Return an engine's address, such as ``ssh://deploy@server``; nothing where none is told."""
    if engine.named_host and not engine.context:
        return engine.named_host
    context = [engine.context] if engine.context else []
    asked = ("context", "inspect", *context, "--format", "{{.Endpoints.docker.Host}}")
    with contextlib.suppress(EngineError, PreflightError):
        return engine.run(*asked, seconds=_SECONDS).decode().strip()
    return ""


def is_local(engine: Engine) -> bool:
    """Whether its files and its ports are those of this machine, as far as its address tells."""
    return endpoint_of(engine).startswith(("unix://", "npipe://", "/"))


def publishes_here(engine: Engine) -> bool:
    """Whether this machine reaches on loopback what the engine publishes there."""
    host = urlsplit(endpoint_of(engine)).hostname or ""
    return not host or host in ("localhost", "::1") or host.startswith("127.")
