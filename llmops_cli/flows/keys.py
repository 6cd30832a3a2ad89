"""Credentials of callers: random keys, of which only digests are stored, and hashed passwords."""

import hashlib
import secrets
from dataclasses import dataclass

from pydantic import ValidationError

from llmops_cli.config.api_access import DEFAULT_TENANT, Key
from llmops_cli.core.secret import Secret, is_placeholder
from llmops_cli.errors import PreflightError, UsageError

#: How a key begins, so that people and scanners for secrets know one when they see it.
PREFIX = "llmops_"
_RANDOM_BYTES = 32

# NIST SP 800-63B asks for 8 characters; the API's login takes no more than 100.
_SHORTEST_PASSWORD = 8
_LONGEST_PASSWORD = 100


@dataclass(frozen=True)
class NewKey:
    """A key that nobody has yet. ``entry`` is what the project file says of it."""

    value: Secret
    entry: Key

    @property
    def stanza(self) -> str:
        """The entry as it stands in the project file. It holds no secret."""
        lines = ["[[api.keys]]", f'name = "{self.entry.name}"']
        if self.entry.tenant != DEFAULT_TENANT:
            lines.append(f'tenant = "{self.entry.tenant}"')
        return "\n".join([*lines, f'sha256 = "{self.entry.sha256}"'])


def create(name: str, tenant: str) -> NewKey:
    """Make a key of 256 random bits for the caller called ``name``.

    Raises:
        UsageError: the name or the tenant is not one that a project file may hold.
    """
    value = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    digest = hashlib.sha256(value.encode()).hexdigest()
    try:
        return NewKey(Secret(value), Key(name=name, tenant=tenant, sha256=digest))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        said = problem["msg"].removeprefix("Value error, ")
        raise UsageError(
            f"The {problem['loc'][0]} {said}.", next_step="llmops keys create my-app"
        ) from error


def hash_password(password: Secret) -> str:
    """Return an argon2id hash of the password, as the API verifies it.

    Raises:
        PreflightError: the packages that serve the API are not installed.
        UsageError: the password is a placeholder, or too short or too long for the API.
    """
    length = len(password.reveal())
    if is_placeholder(password) or not _SHORTEST_PASSWORD <= length <= _LONGEST_PASSWORD:
        raise UsageError(
            f"A password needs {_SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters, "
            "and must not be one from an example."
        )
    try:
        from pwdlib.hashers.argon2 import Argon2Hasher
    except ImportError as error:
        raise PreflightError(
            "The packages that hash passwords are not installed.",
            next_step="pip install 'llmops-cli[serve]'",
        ) from error
    # 19 MiB, two passes, one lane: https://cheatsheetseries.owasp.org/, Password Storage.
    hasher = Argon2Hasher(time_cost=2, memory_cost=19456, parallelism=1)
    return hasher.hash(password.reveal())
