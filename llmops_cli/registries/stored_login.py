"""Logins that `docker login` or `podman login` has stored, read as these programs read them."""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError
from llmops_cli.registries.credential_helper import ask
from llmops_cli.registries.login import Login
from llmops_cli.registries.reference import Repository


@dataclass(frozen=True)
class StoredLogin:
    """The login for a repository in the first of ``files`` that has one."""

    repository: Repository
    files: tuple[Path, ...]

    def login(self) -> Login | None:
        """Return it, or None where nobody is logged in.

        Raises:
            AccessError: a file cannot be read, or a credential helper fails.
            PreflightError: a credential helper is not installed.
        """
        for file in self.files:
            found = self._in(file)
            if found is not None:
                return found
        return None

    def _in(self, file: Path) -> Login | None:
        document = _read(file)
        name = self.repository.login_name
        helper = _table(document, "credHelpers").get(self.repository.host)
        helper = helper or _table(document, "credHelpers").get(name) or document.get("credsStore")
        kept = ask(helper, name) if isinstance(helper, str) and helper else None
        return kept or self._entry(_table(document, "auths"), file)

    def _entry(self, entries: Mapping[str, object], file: Path) -> Login | None:
        # The longest first: podman has logins for a part of a registry.
        for key in sorted(entries, key=len, reverse=True):
            entry = entries[key]
            if self._is_for(key) and isinstance(entry, dict):
                found = _decoded(entry, file)
                if found is not None:
                    return found
        return None

    def _is_for(self, key: str) -> bool:
        if key == self.repository.login_name:
            return True
        bare = key.partition("://")[2] or key
        host, _, path = bare.rstrip("/").partition("/")
        if "://" in key or path in ("v1", "v2"):
            return host == self.repository.host
        whole = str(self.repository)
        return whole == bare or whole.startswith(bare.rstrip("/") + "/")


def docker_folder() -> Path:
    """Return the folder of Docker's configuration."""
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def docker_files() -> tuple[Path, ...]:
    """Return where `docker login` stores."""
    return (docker_folder() / "config.json",)


def podman_files() -> tuple[Path, ...]:
    """Return where podman looks, in its order; Docker's file is the last."""
    named = os.environ.get("REGISTRY_AUTH_FILE")
    if named:
        return (Path(named),)
    runtime = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    configuration = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    folders = [Path(runtime), Path(configuration)]
    return tuple(folder / "containers" / "auth.json" for folder in folders) + docker_files()


def _read(file: Path) -> Mapping[str, object]:
    try:
        document = json.loads(file.read_text(encoding="utf-8") or "{}")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        # The text of a file with passwords in it is no evidence to show.
        reason = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise AccessError(f"The logins in {file} cannot be read: {reason}.") from error
    return document if isinstance(document, dict) else {}


def _table(document: Mapping[str, object], key: str) -> Mapping[str, object]:
    table = document.get(key)
    return table if isinstance(table, dict) else {}


def _decoded(entry: Mapping[str, object], file: Path) -> Login | None:
    token, encoded = entry.get("identitytoken"), entry.get("auth")
    username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if isinstance(encoded, str) and encoded:
        try:
            text = base64.b64decode(encoded, validate=True).decode()
        except ValueError as error:
            raise AccessError(f"A login in {file} is damaged: its auth is not base64.") from error
        username, _, password = text.partition(":")
        password = password.strip("\0")
    if isinstance(token, str) and token:
        return Login(username, Secret(token), is_token=True, origin=str(file))
    return Login(username, Secret(password), origin=str(file)) if username else None
