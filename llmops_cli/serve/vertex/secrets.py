"""Fetches secrets when the process starts, for a platform that puts references into no variable.

LLMOPS_SECRET_REFERENCES names versions in Secret Manager, and never a value. The process reads
them with the account that it runs as, checks Google's checksum, and keeps each in a file of its own
in memory, which NAME_FILE names, as if the platform had put it there.
"""

import contextlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from llmops_cli.serve.environment import Environment
from llmops_cli.serve.settings import SettingsError
from llmops_cli.serve.vertex.secret_manager import ADDRESS, SecretManager, UnreadableError

REFERENCES, MANAGER = "LLMOPS_SECRET_REFERENCES", "LLMOPS_SECRET_MANAGER"
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,127}")
_REFERENCE = re.compile(
    r"projects/[a-z0-9:.-]{1,100}/secrets/[A-Za-z0-9_-]{1,255}/versions/\d{1,9}"
)
_IN_MEMORY = "/dev/shm"  # noqa: S108 - a folder of ours is made in it


@contextlib.contextmanager
def fetched(variables: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Fetch what is referred to, and yield the variables that name the files with the values.

    The files are removed at the end.

    Raises:
        SettingsError: a reference is not one, or a secret cannot be read; all of them are told.
    """
    environment = Environment(variables)
    references = _references(environment)
    if environment.problems:
        raise SettingsError(tuple(environment.problems))
    if not references:
        yield {}
        return
    folder = _folder()
    try:
        yield _written(environment, references, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _references(environment: Environment) -> dict[str, str]:
    text = environment.text(REFERENCES)
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(map(_is_reference, found.items())):
        rule = "must map names to projects/…/secrets/…/versions/NUMBER, as JSON"
        environment.refuse(REFERENCES, rule)
        return {}
    for name in found:
        if environment.is_set(name):
            environment.refuse(REFERENCES, f"refers to {name}, which is set as well")
    return found


def _is_reference(pair: tuple[object, object]) -> bool:
    name, reference = pair
    return bool(_NAME.fullmatch(str(name)) and _REFERENCE.fullmatch(str(reference)))


def _written(
    environment: Environment, references: Mapping[str, str], folder: Path
) -> dict[str, str]:
    manager = SecretManager(environment.text(MANAGER, ADDRESS))
    files: dict[str, str] = {}
    for name, reference in references.items():
        try:
            value = manager.read(reference)
        except UnreadableError as error:
            environment.refuse(name, f"cannot be read from {reference}: {error}")
            continue
        file = folder / name
        file.touch(mode=0o600, exist_ok=False)
        file.write_bytes(value)
        files[f"{name}_FILE"] = str(file)
    if environment.problems:
        raise SettingsError(tuple(environment.problems))
    return files


def _folder() -> Path:
    """Return a new folder that only we can read, in memory where the system has such a place."""
    place = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    return Path(tempfile.mkdtemp(prefix="llmops-secrets-", dir=place))
