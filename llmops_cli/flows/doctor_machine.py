"""What `llmops doctor` looks at on a machine, whatever the project."""

import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from llmops_cli import __version__
from llmops_cli.core.diagnosis import Diagnosis, Probe, ok, problem, warning
from llmops_cli.source import run_git

_MEGABYTE = 1024 * 1024
#: Free megabytes of the folder for temporary files: releases are put together there.
_LITTLE, _TOO_LITTLE = 1024, 100
_UPGRADE = (3, 11)


def probes() -> list[Probe]:
    """Return the looks at this machine."""
    return [
        Probe("llmops", _versions),
        Probe("git", _git),
        Probe("temporary files", _temporary),
    ]


def _versions() -> Sequence[Diagnosis]:
    text = f"llmops {__version__}, Python {platform.python_version()}, {platform.platform()}"
    if sys.version_info < _UPGRADE:
        return [problem("llmops", text, "Install Python 3.11 or newer.")]
    return [ok("llmops", text)]


def _git() -> Sequence[Diagnosis]:
    return [ok("git", run_git(Path(), ["--version"]).decode().strip())]


def _temporary() -> Sequence[Diagnosis]:
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free // _MEGABYTE
    text = f"{free / 1024:.1f} GB free in {folder}"
    fix = "Free some, or set TMPDIR to a folder with more."
    if free < _TOO_LITTLE:
        return [problem("temporary files", text, fix)]
    return [
        warning("temporary files", text, fix) if free < _LITTLE else ok("temporary files", text)
    ]
