"""A folder with the login for one registry and nothing else, for as long as a push takes."""

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from llmops_cli.registries.login import Login
from llmops_cli.registries.reference import Repository

#: What chooses and reaches the engine. It lies beside the logins in the operator's own folder.
_SHARED = ("contexts", "cli-plugins", "ca.pem", "cert.pem", "key.pem")
_KEPT_SETTINGS = ("currentContext", "HttpHeaders", "cliPluginsExtraDirs")


@contextmanager
def private_login(
    repository: Repository, login: Login | None, operator_folder: Path
) -> Iterator[Path]:
    """Yield a folder to use as ``DOCKER_CONFIG``; it is removed however the context ends.

    ``config.json`` in it serves podman too, as ``--authfile``. Contexts of the operator's own
    folder go on working; logins and credential helpers of it are not there.
    """
    with tempfile.TemporaryDirectory(prefix="llmops-login-") as name:
        folder = Path(name)
        for shared in _SHARED:
            if (operator_folder / shared).exists():
                (folder / shared).symlink_to((operator_folder / shared).resolve())
        document = {**_kept(operator_folder / "config.json"), "auths": _entry(repository, login)}
        _write(folder / "config.json", json.dumps(document))
        yield folder


def _entry(repository: Repository, login: Login | None) -> Mapping[str, Mapping[str, str]]:
    if login is None:
        return {}
    if login.is_token:
        return {repository.login_name: {"identitytoken": login.password.reveal()}}
    return {repository.login_name: {"auth": login.basic.reveal()}}


def _kept(file: Path) -> Mapping[str, object]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {key: document[key] for key in _KEPT_SETTINGS if key in document}


def _write(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
