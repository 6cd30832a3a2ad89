"""What `llmops doctor` looks at in a container engine: that it answers, its plugins, its disk."""

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llmops_cli.core.diagnosis import Diagnosis, Probe, ok, problem, warning
from llmops_cli.engine.docker import Engine
from llmops_cli.engine.endpoint import is_local
from llmops_cli.engine.ports import publishers_of, why_not_free
from llmops_cli.errors import EngineError, PreflightError

#: Releases of the engine that still get fixes, and of compose that know all that we write.
_SUPPORTED_ENGINE = 25
_OLDEST_COMPOSE = (2, 20)
_SECONDS = 10.0
_GIGABYTE = 1024**3
_LITTLE, _TOO_LITTLE = 5, 1
_PLUGIN = "apt-get install docker-{0}-plugin (of Docker), docker-{0} (of Debian), or {1}"
_MANUAL = "https://docs.docker.com/engine/install"


def probes(engine: Engine) -> list[Probe]:
    """Return the looks at an engine."""
    return [
        Probe("engine", lambda: _version(engine)),
        Probe("buildx", lambda: _buildx(engine)),
        Probe("compose", lambda: _compose(engine)),
        Probe("engine disk", lambda: _disk(engine)),
    ]


def port_probe(engine: Engine, host: str, port: int, owner: str) -> Probe:
    """Return the look at a port that a container is to publish.

    ``owner`` is the compose project whose container may have it already.
    """
    return Probe("port", lambda: _port(engine, host, port, owner))


def _version(engine: Engine) -> Sequence[Diagnosis]:
    if not engine.is_installed:
        return [problem("engine", f"{engine.program} is not installed", f"Install it: {_MANUAL}")]
    found = _asked(engine, "version", "--format", "{{json .}}")
    if found is None:
        return [problem("engine", f"no engine answers{_where(engine)}", _start(engine))]
    server = str((found.get("Server") or found.get("Client") or {}).get("Version", "unknown"))
    text = f"{engine.program} {found.get('Client', {}).get('Version')}, engine {server}"
    if not engine.is_podman and 0 < _numbers(server)[0] < _SUPPORTED_ENGINE:
        return [warning("engine", f"{text}, which gets no fixes any more", f"Upgrade: {_MANUAL}")]
    return [ok("engine", text + _where(engine))]


def _buildx(engine: Engine) -> Sequence[Diagnosis]:
    if not engine.is_installed or engine.is_podman:
        return []
    try:
        said = engine.run("buildx", "version", seconds=_SECONDS).decode(errors="replace").split()
    except EngineError:
        text = "buildx is missing: images are built by the classic builder, slower and less cached"
        manual = "https://docs.docker.com/build/install-buildx"
        return [warning("buildx", text, _PLUGIN.format("buildx", manual))]
    return [ok("buildx", " ".join(said[1:2]) or "installed")]


def _compose(engine: Engine) -> Sequence[Diagnosis]:
    if not engine.is_installed or engine.is_podman:
        return []
    fix = _PLUGIN.format("compose", "https://docs.docker.com/compose/install")
    try:
        said = engine.run("compose", "version", "--short", seconds=_SECONDS).decode().strip()
    except EngineError:
        return [problem("compose", "docker compose is missing", fix)]
    if _numbers(said) < _OLDEST_COMPOSE:
        oldest = ".".join(map(str, _OLDEST_COMPOSE))
        return [problem("compose", f"docker compose {said} is older than {oldest}", fix)]
    return [ok("compose", said)]


def _disk(engine: Engine) -> Sequence[Diagnosis]:
    info = _asked(engine, "info", "--format", "{{json .}}") if engine.is_installed else None
    root = Path(str((info or {}).get("DockerRootDir", "")))
    if not is_local(engine) or not root.is_dir() or root == Path():
        return []
    free = shutil.disk_usage(root).free / _GIGABYTE
    text, fix = f"{free:.1f} GB free in {root}", "docker image prune, docker builder prune"
    if free < _TOO_LITTLE:
        return [problem("engine disk", text, fix)]
    return [warning("engine disk", text, fix) if free < _LITTLE else ok("engine disk", text)]


def _port(engine: Engine, host: str, port: int, owner: str) -> Sequence[Diagnosis]:
    address = f"{host}:{port}"
    try:
        found = publishers_of(engine, port)
    except (EngineError, PreflightError):
        return []
    others = [publisher.name for publisher in found if publisher.project != owner]
    if others:
        fix = f"docker stop {others[0]}, or set another `port` in llmops.toml"
        return [problem("port", f"{address} is taken by the container {others[0]}", fix)]
    if found:
        return [ok("port", f"{address} is ours")]
    if not is_local(engine):
        return []
    if reason := why_not_free(host, port):
        fix = "Stop what uses it, or set another `port` in llmops.toml"
        return [problem("port", f"{address} cannot be listened on: {reason}", fix)]
    return [ok("port", f"{address} is free")]


def _asked(engine: Engine, *arguments: str) -> Mapping[str, Any] | None:
    """What the engine answers to a question, or None where none answers."""
    try:
        found = json.loads(engine.run(*arguments, seconds=_SECONDS))
    except (EngineError, PreflightError, ValueError):
        return None
    return found if isinstance(found, dict) and not found.get("ServerErrors") else None


def _where(engine: Engine) -> str:
    chosen = engine.host or os.environ.get("DOCKER_HOST", "")
    if engine.context:
        return f" in the context {engine.context}"
    return f" at {chosen}" if chosen else ""


def _start(engine: Engine) -> str:
    if is_local(engine):
        return "Start it (systemctl start docker), or name another with DOCKER_HOST"
    return "Mend docker_host or context in llmops.toml, or DOCKER_HOST; try: docker version"


def _numbers(version: str) -> tuple[int, ...]:
    found = re.findall(r"\d+", version)
    return tuple(int(number) for number in found[:2]) or (0,)
