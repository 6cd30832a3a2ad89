"""`init`: a folder becomes a project that deploys as it is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.config.api_access import API_KEY
from llmops_cli.config.load import FILE_NAME, parse
from llmops_cli.config.targets import KINDS
from llmops_cli.core.target import SecretStore
from llmops_cli.errors import PreflightError, UsageError
from llmops_cli.flows.first_commit import FirstCommit, commit_first, has_changes, is_in_repository
from llmops_cli.flows.project_files import PLAIN, kinds_for, project_files, templates
from llmops_cli.flows.scaffold import (
    Action,
    Decide,
    FileChange,
    decided,
    plan_files,
    write_files,
)
from llmops_cli.flows.secrets import generated

#: Opens the store of the project's secrets, or returns None where its API needs no key.
OpenSecrets = Callable[[], SecretStore | None]


@dataclass(frozen=True)
class Request:
    """What is asked for: the folder, the project's name, the kind of its target, the template.

    Without a kind, the target is of the kind that suits the template. A project for Azure has a
    target on this machine besides.
    """

    directory: Path
    name: str
    kind: str | None = None
    template: str = PLAIN


@dataclass(frozen=True)
class InitPlan:
    """What `init` would do: the files, the kind of target, and whether it makes the repository."""

    request: Request
    kind: str
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
        UsageError: there is no such kind of target, or no such template, or they do not go
            together.
        PreflightError: git is missing, or the folder cannot hold the files.
    """
    _refuse_unknown("template", request.template, templates())
    kind = _kind(request)
    _refuse_file(request.directory)
    makes_repository = not is_in_repository(request.directory.absolute())
    texts = project_files(request.directory, request.name, kind, request.template)
    return InitPlan(request, kind, plan_files(request.directory, texts), makes_repository)


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


def _kind(request: Request) -> str:
    suitable = kinds_for(request.template)
    if request.kind is None:
        return suitable[0]
    _refuse_unknown("kind of target", request.kind, KINDS)
    if request.kind not in suitable:
        raise UsageError(
            f"The template {request.template!r} does not go with a target of kind "
            f"{request.kind!r}: its services run in containers of one engine.",
            state="Nothing was written.",
            next_step=f"Leave out --target, or choose one of: {', '.join(suitable)}.",
        )
    return request.kind


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


def _refuse_invalid_project(files: Iterable[FileChange]) -> None:
    for change in files:
        if change.path == FILE_NAME and change.action is Action.KEEP:
            parse(change.current or "", FILE_NAME)


def _give_key(store: SecretStore | None) -> bool:
    if store is None or store.current_version(API_KEY) is not None:
        return False
    store.write(API_KEY, generated(API_KEY))
    return True
