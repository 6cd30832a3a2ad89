"""Packages of Debian that a host lacks, and how they are installed."""

import time
from collections.abc import Callable, Sequence

from llmops_cli.hosts.agent.bootstrap_programs import ask, found, last_lines
from llmops_cli.hosts.agent.bootstrap_wanted import ACME, Wanted
from llmops_cli.hosts.agent.trouble import RefusedError

#: Seconds for which another package manager may hold its lock: unattended upgrades take minutes.
_LOCK_SECONDS = 600
_PAUSE = 5.0
_QUIET = {
    "DEBIAN_FRONTEND": "noninteractive",
    # Ubuntu's would restart services of others, or ask.
    "NEEDRESTART_SUSPEND": "1",
    "NEEDRESTART_MODE": "l",
}
_OPTIONS = (
    *("-o", f"DPkg::Lock::Timeout={_LOCK_SECONDS}"),
    *("-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"),
    *("-o", "Acquire::Retries=2", "-o", "Dpkg::Use-Pty=0"),
)
_OFFLINE = (
    *("Could not resolve", "Failed to fetch", "Could not connect", "Connection failed"),
    *("Temporary failure resolving", "Network is unreachable", "Unable to locate package"),
    "has no installation candidate",
)


def missing(wanted: Wanted) -> list[str]:
    """Return the packages that have to be installed."""
    programs = {"nginx": "nginx", "openssl": "openssl", "logrotate": "logrotate"}
    if wanted.certificate.origin == ACME:
        programs["certbot"] = "certbot"
    lacking = [package for program, package in programs.items() if not found(program)]
    if not _has_venv(wanted.python) and _is_packaged(wanted.python):
        lacking.append(f"{wanted.python}-venv")
    known = ask(["ldconfig", "-p"])[1] if wanted.libraries else ""
    return lacking + [wanted.libraries[name] for name in wanted.libraries if name not in known]


def obstacles(wanted: Wanted, lacking: Sequence[str]) -> list[str]:
    """Return why the packages that are ``lacking`` cannot be installed here."""
    told = []
    if lacking and not found("apt-get"):
        told.append(
            f"The host lacks {', '.join(lacking)} and has no apt-get: install them by hand."
        )
    if not _is_packaged(wanted.python) and not _has_venv(wanted.python):
        told.append(f"{wanted.python} on the host does not make virtual environments.")
    return told


def install(packages: Sequence[str], tell: Callable[[str], None]) -> None:
    """Install packages, after others who are installing.

    Raises:
        RefusedError: it did not work; the evidence is what apt-get says.
    """
    tell(f"installing {', '.join(packages)}")
    # Its failure is told by the installation: with old lists that often works.
    _patiently(["update", "-q"], tell)
    status, output = _patiently(["install", "-q", "-y", "--no-install-recommends", *packages], tell)
    if status == 0:
        return
    problem = f"{', '.join(packages)} cannot be installed."
    if any(words in output for words in _OFFLINE):
        problem = (
            f"{', '.join(packages)} cannot be installed: the host gets no packages from the "
            "network. Give it a mirror or a proxy (/etc/apt), or install them by hand."
        )
    raise RefusedError(problem, why="failed", evidence=_errors(output))


def _patiently(words: Sequence[str], tell: Callable[[str], None]) -> tuple[int, str]:
    """Run apt-get; what its own option does not wait for, such as the lock of lists, we do."""
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        status, output = ask(["apt-get", *_OPTIONS, *words], seconds=None, **_QUIET)
        is_locked = status != 0 and "Could not get lock" in output
        if not is_locked or time.monotonic() > deadline:
            return status, output
        tell("waiting for another package manager on the host to end")
        time.sleep(_PAUSE)


def _errors(output: str) -> str:
    lines = [line for line in output.splitlines() if line.startswith(("E:", "dpkg:", "Err:"))]
    return last_lines("\n".join(lines) or output)


def _has_venv(python: str) -> bool:
    return ask([python, "-I", "-c", "import ensurepip, venv"])[0] == 0


def _is_packaged(python: str) -> bool:
    return "/" not in python and found("apt-get")
