"""What the host says of itself; the fields of `hosts.facts.HostFacts`, and what is only shown."""

import grp
import os
import platform
import pwd
import re
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from llmops_cli.hosts.agent import bootstrap_nginx
from llmops_cli.hosts.agent.conversation import Agent
from llmops_cli.hosts.agent.durable import read_json
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.request import Request

_PYTHON = "import sys; print(*sys.version_info[:3], sep='.')"
_USER = re.compile(r"^\s*user\s+(\S+?)(?:\s+(\S+?))?\s*;", re.MULTILINE)


def facts(agent: Agent, request: Request) -> dict[str, Any]:
    """Answer what the host is like. ``python`` names the program that releases would run on.

    With ``tests_nginx`` nginx reads its configuration as a whole, which takes a while.
    """
    places = agent.places
    python = request.maybe_text("python") or "python3"
    return {
        "system": _system(),
        "python": _version([python, "-I", "-c", _PYTHON]),
        "systemd": _version(["systemctl", "--version"])[:1],
        "nginx": _version(["nginx", "-v"]),
        "nginx_group": nginx_group(places),
        "has_engine": places.engine_socket.is_socket(),
        "free_bytes": _free_bytes(places.root),
        "clock": time.time(),
        "has_ipv6": _has_ipv6(),
        "made": read_json(places.made),
        "login": login(),
        "nginx_active": _is_active("nginx.service"),
        "nginx_trouble": _nginx_trouble() if request.flag("tests_nginx") else "",
    }


def login_id() -> int:
    """Return the number of the user who logged in, and became root by sudo."""
    return int(os.environ.get("SUDO_UID", os.getuid()))


def login() -> str:
    """Return the name of the user who logged in."""
    try:
        return pwd.getpwuid(login_id()).pw_name
    except KeyError:
        return str(login_id())


def nginx_group(places: Places) -> str:
    """Return the group of nginx's workers, or nothing where there is no nginx."""
    try:
        text = (places.base / "etc" / "nginx" / "nginx.conf").read_text(encoding="utf-8")
    except OSError:
        return ""
    configured = _USER.search(text)
    if configured is None:
        return next(filter(_is_group, ("www-data", "nginx", "nogroup")), "")
    user, group = configured.groups()
    return group or _group_of(user)


def _group_of(user: str) -> str:
    try:
        return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    except KeyError:
        return ""


def _is_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True


def _system() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return platform.system()


def _version(argv: list[str]) -> list[int]:
    """Return the first version that a program says, or nothing where there is none."""
    try:
        ended = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    said = (ended.stdout + ended.stderr).decode(errors="replace")
    found = re.search(r"\d+(\.\d+)*", said) if ended.returncode == 0 else None
    return [int(part) for part in found[0].split(".")] if found else []


def _is_active(unit: str) -> bool:
    argv = ["systemctl", "is-active", "--quiet", unit]
    try:
        return subprocess.run(argv, stdin=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def _nginx_trouble() -> str:
    return bootstrap_nginx.mistake() if bootstrap_nginx.version() else ""


def _has_ipv6() -> bool:
    """Return whether nginx can listen at addresses of IPv6 at all."""
    try:
        socket.socket(socket.AF_INET6).close()
    except OSError:
        return False
    return True


def _free_bytes(folder: Path) -> int:
    """Return what is left on the disk where the folder is, or will be."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    found = os.statvfs(there)
    return found.f_bavail * found.f_frsize
