"""A folder with the login for one registry and nothing else, for as long as a push takes."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from llmops_cli.registries.login import Login
from llmops_cli.registries.reference import Repository

#: What chooses and reaches the engine. It lies beside the logins in the operator's own folder.
_SHARED = ("contexts", "cli-plugins", "ca.pem", "cert.pem", "key.pem")
_PREFIX = "llmops-login-"
_KEPT_SETTINGS = ("currentContext", "HttpHeaders", "cliPluginsExtraDirs")


@contextmanager
def private_login(
    repository: Repository, login: Login | None, operator_folder: Path
) -> Iterator[Path]:
    """Yield a folder to use as ``DOCKER_CONFIG``; it is removed however the context ends.

    ``config.json`` in it serves podman too, as ``--authfile``. Contexts of the operator's own
    folder go on working; logins and credential helpers of it are not there.
    """
    _remove_abandoned()
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as name:
        folder = Path(name)
        for shared in _SHARED:
            if (operator_folder / shared).exists():
                (folder / shared).symlink_to((operator_folder / shared).resolve())
        document = {**_kept(operator_folder / "config.json"), "auths": _entry(repository, login)}
        _write(folder / "config.json", json.dumps(document))
        yield folder


def _remove_abandoned() -> None:
    # Nobody can tidy up who is killed; the next push does it for them.
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        process = folder.name.removeprefix(_PREFIX).partition("-")[0]
        is_ours = not folder.is_symlink() and folder.lstat().st_uid == os.getuid()
        if is_ours and process.isdecimal() and not _runs(int(process)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


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
