"""The parts that a host is made of: each looks what is there, makes what is wanted."""

import grp
import os
import pwd
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.hosts.agent import durable
from llmops_cli.hosts.agent.bootstrap_made import Made, digest, digest_of
from llmops_cli.hosts.agent.bootstrap_programs import run
from llmops_cli.hosts.agent.bootstrap_wanted import Change
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.trouble import RefusedError

Tell = Callable[[str], None]

#: What the agent and its loader may have put into the folder before the bootstrap ran.
_OWN = frozenset(
    {
        *("releases", "current", "pending.json", "objects", "environments", "secrets", "tls"),
        *("names.json", "history.jsonl", "lock", "agent.pyz", "made.json", "acme"),
    }
)
#: useradd takes no longer name.
_LONGEST_NAME = 32


@dataclass(frozen=True)
class Folder:
    """A folder with its rights; ``owner`` is empty for root."""

    path: Path
    mode: int
    owner: str = ""

    def look(self) -> Change | None:
        """Return what has to become of it."""
        address = f"{self.path}/"
        if not self.path.is_dir():
            return Change(address, "create")
        is_right = self.path.stat().st_mode & 0o7777 == self.mode and self._is_owned()
        return None if is_right else Change(address, "update", ("rights",))

    def make(self, made: Made) -> None:
        """Make it so."""
        self.path.mkdir(parents=True, exist_ok=True)
        # One that is there holds nothing but what is ours, or something would be in the way.
        if str(self.path) not in made.folders:
            made.folders.append(str(self.path))
        self.path.chmod(self.mode)
        owner = pwd.getpwnam(self.owner) if self.owner else None
        os.chown(self.path, owner.pw_uid if owner else 0, owner.pw_gid if owner else 0)

    def _is_owned(self) -> bool:
        try:
            wanted = pwd.getpwnam(self.owner).pw_uid if self.owner else 0
        except KeyError:
            return False
        return self.path.stat().st_uid == wanted


@dataclass(frozen=True)
class File:
    """A file of ours; one that we did not make is in the way unless it is the same already."""

    path: Path
    text: str
    mode: int = 0o644

    def look(self, made: Made) -> Change | None:
        """Return what has to become of it."""
        there = digest_of(self.path)
        if there is None:
            return Change(str(self.path), "create")
        if there != digest(self.text.encode()):
            edited = made.files.get(str(self.path)) not in (None, there)
            return Change(str(self.path), "update", ("edited by hand",) if edited else ())
        return None

    def obstacle(self, made: Made) -> str:
        """Return what is in the way, or nothing."""
        change = self.look(made)
        if self.path.is_symlink() or self.path.is_dir():
            return f"{self.path} is there and is no file of llmops: remove it, or move it away."
        if change and change.action == "update" and str(self.path) not in made.files:
            return f"{self.path} is there and llmops did not make it: remove it, or move it away."
        return ""

    def make(self, made: Made) -> None:
        """Write it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        durable.write_bytes(self.path, self.text.encode(), self.mode)
        made.files[str(self.path)] = digest(self.text.encode())


def user_change(places: Places) -> Change | None:
    """Return whether the user that releases run as has to be made."""
    return None if _has_user(places.app) else Change(f"user {places.app}", "create")


def make_user(places: Places, made: Made) -> None:
    """Make the user that releases run as, who cannot log in.

    Raises:
        RefusedError: it cannot be made.
    """
    home = str(data_folder(places))
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", home]
    command += ["--shell", "/usr/sbin/nologin", places.app]
    run(command, f"The user {places.app} cannot be made.")
    made.user = places.app


def obstacles(places: Places, made: Made, files: Sequence[File]) -> list[str]:
    """Return what stands where something of ours should, by its path."""
    told = [obstacle for file in files if (obstacle := file.obstacle(made))]
    other = "Set another `app` in [targets]."
    if len(places.app) > _LONGEST_NAME:
        told.append(f"{places.app} is too long for the name of a user. {other}")
    if _has_user(places.app) and made.user != places.app:
        told.append(f"There is a user {places.app}, whom llmops did not make. {other}")
    elif _has_group(places.app) and made.user != places.app:
        told.append(f"There is a group {places.app}, which llmops did not make. {other}")
    return [*told, *_foreign_folders(places, made)]


def data_folder(places: Places) -> Path:
    """Return the folder of the API's own data."""
    return places.base / "var" / "lib" / places.app


def size_of(folder: Path) -> str:
    """Return how much a folder holds, for people."""
    files = [file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
    size = sum(file.stat().st_size for file in files)
    unit = f"{size / 1024**2:.1f} MB" if size > 1024**2 else f"{size / 1024:.1f} KB"
    return f"{len(files)} files, {unit}"


def remove_folder(path: Path) -> None:
    """Remove a folder with all that is in it.

    Raises:
        RefusedError: it is still there.
    """
    shutil.rmtree(path, ignore_errors=True)
    if path.exists():
        raise RefusedError(f"{path} cannot be removed.", why="failed")


def _foreign_folders(places: Places, made: Made) -> list[str]:
    told = []
    data = data_folder(places)
    for folder, own in ((places.root, _OWN), (data, frozenset[str]())):
        if str(folder) in made.folders or not folder.exists():
            continue
        if folder.is_symlink() or not folder.is_dir():
            told.append(f"{folder} is there and is no folder of llmops: move it away.")
            continue
        foreign = sorted(
            entry.name
            for entry in folder.iterdir()
            if entry.name not in own and not entry.name.startswith(durable.PARTIAL)
        )
        if foreign:
            told.append(f"{folder / foreign[0]} is there and llmops did not make it: move it away.")
    return told


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _has_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True
