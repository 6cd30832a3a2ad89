"""The units of systemd: of a release, and the one that starts what is current."""

import re
from collections.abc import Mapping

from llmops_cli import __version__
from llmops_cli.config.host_target import HostTarget
from llmops_cli.core.release import Release
from llmops_cli.errors import ConfigError
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.layout import HostLayout
from llmops_cli.rendering import render

#: Versions of systemd that first know the specifier of the credentials' folder, and pauses
#: between starts that grow.
_KNOWS_CREDENTIALS = (250,)
_BACKS_OFF = (254,)

_TRUSTED = "LLMOPS_TRUSTED_PROXIES"
_UNITS = {"k": 1024, "m": 1024**2, "g": 1024**3}
#: Seconds that a start and a stop get besides what the project gives them; a stop gets at least 35.
_START_MARGIN = 15
_STOP_MARGIN = 15
_SHORTEST_STOP = 35

#: What systemd takes in no variable, however it is written.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "%": "%%", "\n": r"\n", "\t": r"\t"})


def release_units(
    layout: HostLayout,
    settings: HostTarget,
    release: Release,
    secrets: Mapping[str, str],
    facts: HostFacts,
) -> dict[str, str]:
    """Return the texts of a release's units by their kind, ``service`` and ``socket``.

    ``secrets`` maps the names of the secrets that the API gets to their versions.

    Raises:
        ConfigError: a setting has characters that no unit can carry.
    """
    own = {
        "app": layout.app,
        "release": release.id,
        "boot_unit": layout.boot_unit,
        "socket_unit": layout.unit(release.id, "socket"),
        "socket": layout.socket(release.id),
        "group": facts.nginx_group or layout.app,
        "root": layout.root,
        "data": layout.data,
        "folder": layout.release(release.id),
        "python": f"{layout.release(release.id)}/venv/bin/python",
        "environment": _environment(layout, release, secrets, facts),
        "credentials": {name: layout.secret(name, secrets[name]) for name in sorted(secrets)},
        "backs_off": facts.systemd >= _BACKS_OFF,
        **_times(settings, release),
        **_limits(settings),
    }
    return {kind: render(f"host/release.{kind}.j2", own) for kind in ("service", "socket")}


def boot_unit(layout: HostLayout, settings: HostTarget) -> str:
    """Return the text of the unit that starts what is current, after a boot too."""
    # systemd would find a bare name as well, but not the same one everywhere.
    python = settings.python if "/" in settings.python else f"/usr/bin/{settings.python}"
    own = {"app": layout.app, "agent": layout.agent, "python": python}
    return render("host/app.service.j2", own)


def _times(settings: HostTarget, release: Release) -> dict[str, int]:
    drain = float(release.settings.get("LLMOPS_DRAIN_SECONDS", settings.drain_seconds))
    linger = float(release.settings.get("LLMOPS_LINGER_SECONDS", "0"))
    return {
        "start_seconds": round(settings.ready_seconds) + _START_MARGIN,
        "stop_seconds": max(_SHORTEST_STOP, round(drain + linger) + _STOP_MARGIN),
    }


def _limits(settings: HostTarget) -> dict[str, object]:
    memory = int(settings.memory[:-1]) * _UNITS[settings.memory[-1]]
    return {
        "memory": memory,
        # From here on the kernel takes back what files occupy. It also slows down who asks for
        # more, the more the further: with a wide margin a leak would hang the API for minutes.
        "memory_high": memory // 50 * 49,
        "tasks": settings.tasks,
        "cpu_quota": f"{max(1, round(settings.cpus * 100))}%" if settings.cpus else "",
        "has_stack": settings.stack is not None,
    }


def _environment(
    layout: HostLayout, release: Release, secrets: Mapping[str, str], facts: HostFacts
) -> dict[str, str]:
    """Return the assignments by their variables; in no one is a secret's value."""
    believed = ("unix", release.settings.get(_TRUSTED, ""))
    plain = {
        "PYTHONPATH": f"{layout.release(release.id)}/code",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LLMOPS_RELEASE": release.id,
        "LLMOPS_COMMIT": release.commit,
        "LLMOPS_VERSION": __version__,
        "LLMOPS_DATA_DIR": layout.data,
        **release.settings,
        _TRUSTED: ",".join(part for part in believed if part),
    }
    # The specifier must stay one: this alone is not escaped.
    folder = f"/run/credentials/{layout.unit(release.id)}"
    folder = "%d" if facts.systemd >= _KNOWS_CREDENTIALS else folder
    files = {f"{name}_FILE": f'"{name}_FILE={folder}/{name}"' for name in sorted(secrets)}
    return {name: _assignment(name, plain[name]) for name in sorted(plain)} | files


def _assignment(name: str, value: str) -> str:
    """Return a variable as systemd reads it, whatever is in its value."""
    if _UNWRITABLE.search(value):
        raise ConfigError(
            f"{name} holds control characters, which systemd passes on to nobody.",
            next_step="Take them out of the project file.",
        )
    return f'"{name}={value.translate(_ESCAPES)}"'
