"""Reads who may call: the keys, the users that log in, and the web pages that may ask."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field

from llmops_cli.serve.access import cors, keys, users
from llmops_cli.serve.access.caller import Caller
from llmops_cli.serve.access.users import Users
from llmops_cli.serve.environment import Environment

#: "api-key" takes keys, "jwt" keys and login tokens, and "none" answers anybody.
MODES = ("api-key", "jwt", "none")

SIGNING_SECRET = "JWT_SECRET_KEY"  # noqa: S105 - the name of one

#: Characters: HS256 wants a secret of at least 256 bits (RFC 7518, section 3.2).
SHORTEST_SIGNING_SECRET = 32

#: What is imported in the mode "jwt" only.
_LOGIN_MODULES = ("jwt", "pwdlib", "argon2", "bcrypt")


@dataclass(frozen=True)
class LoginSettings:
    """The users, and the secrets of their tokens: the first signs, all verify."""

    signing_secrets: tuple[str, ...] = field(repr=False)
    users: Users


@dataclass(frozen=True)
class AccessSettings:
    """Who may call. ``keys`` are the SHA-256 digests of keys: the keys themselves are not kept.

    ``login`` is there in the mode "jwt" only. Scripts of web pages may read the answers if the
    page's origin is one of ``origins``.
    """

    is_anonymous: bool = False
    keys: Mapping[bytes, Caller] = field(default_factory=dict, repr=False)
    login: LoginSettings | None = None
    origins: tuple[str, ...] = ()

    @property
    def warning(self) -> str:
        """What an operator should know at the start, or nothing."""
        if self.is_anonymous:
            return "LLMOPS_AUTH is none: whoever reaches this address can use the models"
        if self.login and self.login.users.are_known:
            return "ENVIRONMENT is for development: admin and user have well-known passwords"
        return ""


def read(environment: Environment) -> AccessSettings:
    """Return the settings, and leave what is wrong with them in ``environment.problems``."""
    mode = environment.choice("LLMOPS_AUTH", MODES)
    if mode == "none":
        origins = cors.read(environment, is_anonymous=True)
        return AccessSettings(is_anonymous=True, origins=origins)
    known = keys.read(environment, is_optional=mode == "jwt")
    return AccessSettings(
        keys=known,
        login=_login(environment, known) if mode == "jwt" else None,
        origins=cors.read(environment, is_anonymous=False),
    )


def _login(environment: Environment, known: Mapping[bytes, Caller]) -> LoginSettings | None:
    if not all(importlib.util.find_spec(name) for name in _LOGIN_MODULES):
        environment.refuse(
            "LLMOPS_AUTH", "jwt needs the serve extra: pip install 'llmops-cli[serve]'"
        )
        return None
    signing = environment.credentials(SIGNING_SECRET, shortest=SHORTEST_SIGNING_SECRET)
    found = users.read(environment)
    names = {caller.name for caller in known.values()}
    if any(user.caller.name in names for user in found.every):
        environment.refuse(users.USERS, "has a user with the name that a key has")
    return LoginSettings(signing, found)
