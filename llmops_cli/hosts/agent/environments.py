"""Installed packages by what they were installed from, made by pip once for all who need them."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.hosts.agent.durable import PARTIAL, sync_disk
from llmops_cli.hosts.agent.link import Link
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.programs import Ended, run_while_connected
from llmops_cli.hosts.agent.trouble import RefusedError

_ABOUT = (
    "import json, platform, sys, sysconfig; print(json.dumps({"
    "'version': list(sys.version_info[:3]), 'platform': sysconfig.get_platform(), "
    "'abi': sys.implementation.cache_tag, 'base': sys._base_executable}))"
)
_OLDEST = (3, 11)
#: What pip and the operating system say when a disk is full.
_FULL = ("No space left on device", "Errno 28", "Disk quota exceeded", "Errno 122")
_LINES_SHOWN = 30
#: Folders of packages beside those of the environments: pip's own, and its downloads.
_TOOLS, _DOWNLOADS = "pip-", "downloads"


@dataclass(frozen=True)
class Python:
    """A Python of the host: releases that were made for another ``tag`` do not run on it."""

    program: str
    version: tuple[int, ...]
    tag: str


def find_python(program: str) -> Python:
    """Return what a program is.

    Raises:
        RefusedError: ``missing``, it is not there; ``invalid``, it is no Python, or too old.
    """
    path = shutil.which(program)
    if path is None:
        raise RefusedError(f"There is no {program} on the host.", why="missing")
    ended = subprocess.run(
        [path, "-I", "-c", _ABOUT], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    try:
        found = json.loads(ended.stdout)
    except ValueError as error:
        evidence = ended.stderr.decode(errors="replace")
        raise RefusedError(f"{path} is no Python.", evidence=evidence) from error
    version = tuple(found["version"])
    if version < _OLDEST:
        told = ".".join(map(str, version))
        raise RefusedError(f"{path} is Python {told}; releases need 3.11 or newer.")
    return Python(found["base"], version, f"{found['abi']} {found['platform']}")


def name_of(requirements: Sequence[str], python: Python) -> str:
    """Return what an environment is called: it follows from what is in it."""
    content = json.dumps([list(requirements), python.tag])
    return hashlib.sha256(content.encode()).hexdigest()


def make(places: Places, link: Link, requirements: Sequence[str], python: Python) -> str:
    """Make an environment, whole or not at all, unless it is there; return its name.

    Raises:
        RefusedError: ``full``, the disk is; ``failed``, pip does not install it.
        LostError: who asked is gone; pip has ended.
    """
    name = name_of(requirements, python)
    folder = places.environments / name
    if folder.is_dir():
        return name
    places.environments.mkdir(exist_ok=True)
    partial = places.environments / f"{PARTIAL}{name}.{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        link.tell("Installs packages: the first time takes longest.")
        _fill(places, link, requirements, python, partial)
        sync_disk(places.environments)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return name


def unused(places: Places, used: set[str]) -> list[Path]:
    """Return the environments that no release uses."""
    if not places.environments.is_dir():
        return []
    kept = (PARTIAL, _TOOLS, _DOWNLOADS)
    found = (path for path in places.environments.iterdir() if not path.name.startswith(kept))
    return [path for path in found if path.name not in used]


def _fill(
    places: Places, link: Link, requirements: Sequence[str], python: Python, partial: Path
) -> None:
    pip = _pip(places, link, python)
    _made(link, [python.program, "-I", "-m", "venv", "--without-pip", str(partial)])
    work = partial / "work"
    work.mkdir()
    words = []
    for number, text in enumerate(requirements):
        (work / f"{number}.txt").write_text(text, encoding="utf-8")
        words += ["--requirement", str(work / f"{number}.txt")]
    if words:
        _install(places, link, [str(pip), "--python", str(partial / "bin" / "python")], words, work)
    shutil.rmtree(work)
    # Scripts name the folder that they were installed into, which is not where they will be.
    for script in (partial / "bin").iterdir():
        if not script.name.startswith("python"):
            script.unlink()


def _install(
    places: Places, link: Link, pip: Sequence[str], words: Sequence[str], work: Path
) -> None:
    options = ("--require-hashes", "--only-binary", ":all:", "--no-deps")
    quiet = ("--no-input", "--no-color", "--disable-pip-version-check", "--progress-bar", "off")
    downloads = places.environments / _DOWNLOADS
    argv = [*pip, "install", *options, *quiet, "--cache-dir", str(downloads), *words]
    ended = run_while_connected(
        link, argv, environment={"TMPDIR": str(work)}, heard=lambda line: _hear(link, line)
    )
    _check(ended, "pip cannot install the packages of the release.")


def _hear(link: Link, line: str) -> None:
    if line.startswith(("Collecting ", "Installing ", "Successfully ")):
        link.tell(line.partition(" (from ")[0][:200])


def _pip(places: Places, link: Link, python: Python) -> Path:
    """Return a pip that runs on this Python and installs for others; Debian's python3 has none."""
    folder = places.environments / f"{_TOOLS}{'.'.join(map(str, python.version))}"
    program = folder / "bin" / "pip"
    if not program.exists():
        shutil.rmtree(folder, ignore_errors=True)
        try:
            _made(link, [python.program, "-I", "-m", "venv", str(folder)])
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return program


def _made(link: Link, argv: Sequence[str]) -> None:
    _check(run_while_connected(link, argv), "The host's Python cannot make an environment.")


def _check(ended: Ended, message: str) -> None:
    if ended.status == 0:
        return
    if any(text in ended.output for text in _FULL):
        raise RefusedError("The disk of the host is full.", why="full", evidence=_last(ended))
    raise RefusedError(message, why="failed", evidence=_last(ended))


def _last(ended: Ended) -> str:
    return "\n".join(ended.output.splitlines()[-_LINES_SHOWN:])
