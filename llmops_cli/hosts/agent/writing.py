"""Writes a release folder, whole or not at all."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from llmops_cli.hosts.agent import environments, objects
from llmops_cli.hosts.agent.conversation import Agent
from llmops_cli.hosts.agent.durable import PARTIAL, read_json, sync_disk, sync_folder
from llmops_cli.hosts.agent.environments import Python
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.request import Request
from llmops_cli.hosts.agent.trouble import RefusedError

_KINDS = frozenset({"service", "socket"})
_FOLDERS = frozenset({"app", "code"})


@dataclass(frozen=True)
class Contents:
    """What a release consists of: paths to keys of objects, links, requirements, units.

    A requirement is a text, or ``{"file": PATH}``: what the release has at that path.
    """

    files: Mapping[str, str]
    links: Mapping[str, str]
    requirements: Sequence[str | Mapping[str, str]]
    units: Mapping[str, str]


def write(agent: Agent, request: Request) -> dict[str, Any]:
    """Write a release folder from objects that are there, unless the release is there already.

    ``release`` is its document; what follows the message says what it consists of.
    """
    document = request.details.get("release")
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        raise RefusedError("write needs release as a document with an id.")
    contents = _contents(request.payload.whole())
    folder = agent.places.release(document["id"])
    python = environments.find_python(request.maybe_text("python") or "python3")
    if folder.is_dir() and _made_for(folder) == python.tag:
        return {"written": False}
    _check_objects(agent.places, contents)
    texts = [_text(agent.places, one) for one in contents.requirements]
    environment = environments.make(agent.places, agent.link, texts, python)
    partial = folder.with_name(f"{PARTIAL}{folder.name}.{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        _fill(agent.places, partial, contents, environment)
        _describe(agent.places, partial, document, contents, (environment, python))
        _compile(partial, folder)
        sync_disk(partial)
        _put_in_place(partial, folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    sync_folder(folder.parent)
    return {"written": True}


def manifest_of(folder: Path) -> dict[str, Any]:
    """Return what a release was made from."""
    return read_json(folder / "manifest.json") or {}


def _made_for(folder: Path) -> str | None:
    found = manifest_of(folder).get("python")
    return str(found) if found else None


def _contents(payload: bytes) -> Contents:
    try:
        found = json.loads(payload)
        files, links = {}, {}
        for path, what in found["files"]:
            if isinstance(what, str):
                files[_checked(path)] = what
            else:
                links[_checked(path)] = str(what["link"])
        requirements = [_requirement(one, files) for one in found["requirements"]]
        units = {str(kind): str(text) for kind, text in found["units"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RefusedError("What the release consists of cannot be read.") from error
    beyond = [path for path in (*files, *links) if any(str(p) in links for p in _above(path))]
    if beyond:
        raise RefusedError(f"{beyond[0]!r} is in a folder that is a link.")
    if set(units) != _KINDS:
        raise RefusedError("A release has two units: a service and a socket.")
    return Contents(files, links, requirements, units)


def _requirement(found: object, files: Mapping[str, str]) -> str | Mapping[str, str]:
    if isinstance(found, dict):
        path = str(found["file"])
        # A KeyError where the release has no such file.
        return {"file": path, "key": files[path]}
    return str(found)


def _text(places: Places, requirement: str | Mapping[str, str]) -> str:
    """Return a text of requirements; as a file of the release it is sent only once."""
    if isinstance(requirement, str):
        return requirement
    return objects.path_of(places, requirement["key"]).read_text(encoding="utf-8")


def _checked(path: str) -> str:
    """Return a path that stays inside the release."""
    parts = PurePosixPath(path).parts
    if len(parts) < 2 or parts[0] not in _FOLDERS or ".." in parts:
        raise RefusedError(f"{path!r} cannot be in a release.")
    return path


def _above(path: str) -> Sequence[PurePosixPath]:
    return PurePosixPath(path).parents


def _check_objects(places: Places, contents: Contents) -> None:
    lacking = {key for key in contents.files.values() if not _is_there(places, key)}
    if lacking:
        evidence = "\n".join(sorted(lacking))
        raise RefusedError(
            "Objects of the release are not there.", why="missing", evidence=evidence
        )


def _is_there(places: Places, key: str) -> bool:
    return objects.path_of(places, key).is_file()


def _fill(places: Places, partial: Path, contents: Contents, environment: str) -> None:
    partial.mkdir(mode=0o755, parents=True)
    for folder in sorted(_FOLDERS | {"units"}):
        (partial / folder).mkdir()
    for path, key in contents.files.items():
        file = partial / path
        file.parent.mkdir(parents=True, exist_ok=True)
        os.link(objects.path_of(places, key), file)
    for path, target in contents.links.items():
        (partial / path).parent.mkdir(parents=True, exist_ok=True)
        (partial / path).symlink_to(target)
    for kind, text in contents.units.items():
        (partial / "units" / kind).write_text(text, encoding="utf-8")
    source = places.environments / environment
    shutil.copytree(source, partial / "venv", symlinks=True, copy_function=os.link)


def _describe(
    places: Places,
    partial: Path,
    document: Mapping[str, Any],
    contents: Contents,
    made_with: tuple[str, Python],
) -> None:
    environment, python = made_with
    manifest = {**asdict(contents), "environment": environment, "python": python.tag}
    del manifest["requirements"], manifest["units"]
    (partial / "release.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    (partial / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    (partial / "socket").symlink_to(places.socket(str(document["id"])))


def _compile(partial: Path, folder: Path) -> None:
    """Compile now what the release could not keep compiled later: its folders are not its own."""
    names = ["-s", str(partial), "-p", str(folder)]
    argv = [str(partial / "venv" / "bin" / "python"), "-I", "-m", "compileall", "-q", *names]
    # A file that is no Python, or for another one, is no fault: the rest is compiled.
    subprocess.run(
        [*argv, str(partial / "code"), str(partial / "app")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def _put_in_place(partial: Path, folder: Path) -> None:
    """Let the folder be there, in the place of one that was made for another Python."""
    if folder.is_dir():
        doomed = folder.with_name(f"{PARTIAL}{folder.name}-old.{os.getpid()}")
        if (folder / "deployed.json").exists():
            shutil.copy2(folder / "deployed.json", partial / "deployed.json")
        folder.rename(doomed)
        partial.rename(folder)
        shutil.rmtree(doomed, ignore_errors=True)
    else:
        partial.rename(folder)
