"""Logins that `docker login` or `podman login` has stored, read as these programs read them."""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError
from llmops_cli.registries.credential_helper import ask
from llmops_cli.registries.login import Login
from llmops_cli.registries.reference import Repository

#: What `docker` reads before its file, as some CI systems set it.
_VARIABLE = "DOCKER_AUTH_CONFIG"


@dataclass(frozen=True)
class StoredLogin:
    """The login for a repository, from Docker's variable or the first of ``files`` that has one."""

    repository: Repository
    files: tuple[Path, ...]

    def login(self) -> Login | None:
        """Return it, or None where nobody is logged in.

        Raises:
            AccessError: a file cannot be read, or a credential helper fails.
            PreflightError: a credential helper is not installed.
        """
        for origin, text in self._texts():
            found = self._in(_parsed(origin, text), origin)
            if found is not None:
                return found
        return None

    def _texts(self) -> Iterator[tuple[str, str]]:
        given = os.environ.get(_VARIABLE)
        if given:
            yield _VARIABLE, given
        for file in self.files:
            yield str(file), _read(file)

    def _in(self, document: Mapping[str, object], origin: str) -> Login | None:
        name = self.repository.login_name
        helper = _table(document, "credHelpers").get(self.repository.host)
        helper = helper or _table(document, "credHelpers").get(name) or document.get("credsStore")
        kept = ask(helper, name) if isinstance(helper, str) and helper else None
        return kept or self._entry(_table(document, "auths"), origin)

    def _entry(self, entries: Mapping[str, object], origin: str) -> Login | None:
        # The longest first: podman has logins for a part of a registry.
        for key in sorted(entries, key=len, reverse=True):
            entry = entries[key]
            if self._is_for(key) and isinstance(entry, dict):
                found = _decoded(entry, origin)
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


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise AccessError(f"The logins in {file} cannot be read: {reason}.") from error


def _parsed(origin: str, text: str) -> Mapping[str, object]:
    try:
        document = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        # A text with passwords in it is no evidence to show.
        raise AccessError(f"The logins in {origin} cannot be read: it is not JSON.") from error
    return document if isinstance(document, dict) else {}


def _table(document: Mapping[str, object], key: str) -> Mapping[str, object]:
    table = document.get(key)
    return table if isinstance(table, dict) else {}


def _decoded(entry: Mapping[str, object], origin: str) -> Login | None:
    token, encoded = entry.get("identitytoken"), entry.get("auth")
    username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if isinstance(encoded, str) and encoded:
        try:
            text = base64.b64decode(encoded, validate=True).decode()
        except ValueError as error:
            raise AccessError(f"A login in {origin} is damaged: its auth is not base64.") from error
        username, _, password = text.partition(":")
        password = password.strip("\0")
    if isinstance(token, str) and token:
        return Login(username, Secret(token), is_token=True, origin=origin)
    return Login(username, Secret(password), origin=origin) if username else None
