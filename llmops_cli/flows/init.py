"""`init`: a folder becomes a project that deploys as it is."""

import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from llmops_cli import __version__
from llmops_cli.config.environment import API_KEY
from llmops_cli.config.load import FILE_NAME, parse
from llmops_cli.config.model import Config
from llmops_cli.config.schema import SCHEMA_FILE
from llmops_cli.config.targets import KINDS
from llmops_cli.core.target import SecretStore
from llmops_cli.errors import ConfigError, PreflightError, UsageError
from llmops_cli.flows.first_commit import FirstCommit, commit_first, has_changes, is_in_repository
from llmops_cli.flows.scaffold import (
    Action,
    Decide,
    FileChange,
    decided,
    plan_files,
    write_files,
)
from llmops_cli.flows.secrets import generated
from llmops_cli.rendering import render, template_names

_PORTS = range(8000, 65536)

#: Opens the store of the project's secrets, or returns None where its API needs no key.
OpenSecrets = Callable[[], SecretStore | None]


@dataclass(frozen=True)
class Request:
    """What is asked for: the folder, the project's name, the kind of its target, the template."""

    directory: Path
    name: str
    kind: str = "local"
    template: str = "chat"


@dataclass(frozen=True)
class InitPlan:
    """What `init` would do: the files, and whether it makes the repository."""

    request: Request
    files: tuple[FileChange, ...]
    makes_repository: bool


@dataclass(frozen=True)
class Outcome:
    """What `init` did.

    ``committed`` is the first commit, None where git was left alone; ``has_new_key``
    says that the API was given a key, ``has_changes`` that something waits for a commit.
    """

    files: tuple[FileChange, ...]
    committed: FirstCommit | None
    has_new_key: bool
    has_changes: bool


def plan(request: Request) -> InitPlan:
    """Say what would be done. Only reads.

    Raises:
        UsageError: there is no such kind of target, or no such template.
        PreflightError: git is missing, or the folder cannot hold the files.
    """
    _refuse_unknown("kind of target", request.kind, KINDS)
    _refuse_unknown("template", request.template, templates())
    _refuse_file(request.directory)
    makes_repository = not is_in_repository(request.directory.absolute())
    return InitPlan(request, plan_files(request.directory, _texts(request)), makes_repository)


def do(plan: InitPlan, decide: Decide, open_secrets: OpenSecrets) -> Outcome:
    """Write the files, give the API a key if it has none, and make the first commit.

    ``decide`` is asked about every file that differs before anything is written.

    Raises:
        ConfigError: a project file is kept that is invalid; nothing was written.
        PreflightError: a file cannot be written, or git cannot commit.
    """
    directory = plan.request.directory
    files = decided(plan.files, decide)
    _refuse_invalid_project(files)
    write_files(directory, files)
    has_new_key = _give_key(open_secrets())
    committed = None
    if plan.makes_repository:
        paths = [change.path for change in files if change.action is not Action.KEEP]
        committed = commit_first(directory, paths, f"Create {plan.request.name}")
    return Outcome(files, committed, has_new_key, has_changes(directory))


def templates() -> list[str]:
    """Return the names of the templates that there are."""
    return sorted({path.partition("/")[0] for path in template_names("init")})


def existing_project(directory: Path) -> Config | None:
    """Return the project that the folder holds already, if there is a valid one."""
    try:
        return parse((directory / FILE_NAME).read_text(encoding="utf-8"), FILE_NAME)
    except (OSError, UnicodeDecodeError, ConfigError):
        return None


def _refuse_unknown(what: str, wanted: str, known: Iterable[str]) -> None:
    if wanted not in known:
        raise UsageError(
            f"There is no {what} {wanted!r}.",
            state="Nothing was written.",
            next_step=f"Choose one of: {', '.join(known)}.",
        )


def _refuse_file(directory: Path) -> None:
    try:
        paths = (directory, *directory.absolute().parents)
        nearest = next(path for path in paths if path.exists())
        why = "" if nearest.is_dir() else f"{nearest} is a file"
    except OSError as error:
        why = str(error.strerror)
    if why:
        raise PreflightError(
            f"{directory} cannot be a folder.",
            evidence=why,
            state="Nothing was written.",
            next_step="Name another folder: llmops init DIR",
        )


def _texts(request: Request) -> dict[str, str]:
    folder = f"init/{request.template}"
    values = {
        "name": request.name,
        "kind": request.kind,
        "port": _port(request),
        "version": __version__,
    }
    texts = {_path(name): render(f"{folder}/{name}", values) for name in template_names(folder)}
    return {**texts, SCHEMA_FILE.name: SCHEMA_FILE.read_text(encoding="utf-8")}


def _path(template: str) -> str:
    """Return where a template is written: `dot-` stands for the dot that hides a file.

    With real dots, git and the builder of the wheel would obey the templates' ignore files.
    """
    return "/".join(
        part.replace("dot-", ".", 1) if part.startswith("dot-") else part
        for part in template.split("/")
    )


def _port(request: Request) -> int:
    """Keep the port of a project that is there; choose the first free one for a new project."""
    config = existing_project(request.directory)
    target = config.targets.get(request.kind) if config else None
    return target.port if target else next(filter(_is_free, _PORTS), _PORTS[0])


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _refuse_invalid_project(files: Iterable[FileChange]) -> None:
    for change in files:
        if change.path == FILE_NAME and change.action is Action.KEEP:
            parse(change.current or "", FILE_NAME)


def _give_key(store: SecretStore | None) -> bool:
    if store is None or store.current_version(API_KEY) is not None:
        return False
    store.write(API_KEY, generated())
    return True
