"""Reads who may log in with a password: names, roles, tenants, and hashes of the passwords."""

import re
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from llmops_cli.serve.access.caller import DEFAULT_TENANT, Caller
from llmops_cli.serve.access.keys import CallerName, TenantName, VariableName
from llmops_cli.serve.environment import Environment
from llmops_cli.serve.json_list import read_list

USERS = "LLMOPS_USERS"

#: Values of ENVIRONMENT in which an API without users has two whose passwords everybody knows.
DEVELOPMENT = ("development", "dev", "local", "test")

_KNOWN_PASSWORDS = {
    Caller("admin", role="admin"): "secret123",
    Caller("user", role="user"): "password123",
}

_BCRYPT = re.compile(r"\$2[abxy]\$(?P<rounds>\d\d)\$[A-Za-z0-9./]{53}")
_ARGON2 = re.compile(
    r"\$argon2(?:id|i|d)\$v=\d+\$m=(?P<kibibytes>\d{1,9}),t=(?P<passes>\d{1,4}),p=(?P<lanes>\d{1,4})"
    r"\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+"
)
# A hash says itself what it costs to verify; above these, a few logins would stop the machine.
_MOST_ROUNDS = 15
_MOST_KIBIBYTES = 256 * 1024
_MOST_PASSES = 16
_MOST_LANES = 16


@dataclass(frozen=True)
class User:
    """One that may log in, and the bcrypt or argon2 hash of the password."""

    caller: Caller
    password_hash: str = field(repr=False)


@dataclass(frozen=True)
class Users:
    """All that may log in; ``are_known`` where their passwords stand in the documentation."""

    every: tuple[User, ...]
    are_known: bool = False


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: CallerName
    role: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")] = "user"
    tenant: TenantName = DEFAULT_TENANT
    hash: VariableName


#: Users that need no entry: they are there as soon as the variable with their hash is.
_WELL_KNOWN = (
    _Entry(name="admin", role="admin", hash="AUTH_ADMIN_HASH"),
    _Entry(name="user", role="user", hash="AUTH_USER_HASH"),
)


def read(environment: Environment) -> Users:
    """Return the users of ``LLMOPS_USERS``, ``AUTH_ADMIN_HASH`` and ``AUTH_USER_HASH``.

    No user at all is refused, except where ENVIRONMENT is one of DEVELOPMENT; unset, it is not.
    """
    already = len(environment.problems)
    entries = read_list(environment, USERS, _Entry)
    listed = {entry.hash for entry in entries}
    entries += [
        entry
        for entry in _WELL_KNOWN
        if entry.hash not in listed and environment.is_set(entry.hash)
    ]
    _refuse_repeats(environment, entries)
    users = tuple(_user(environment, entry) for entry in entries)
    if users or len(environment.problems) > already:
        return Users(users)
    if environment.text("ENVIRONMENT").lower() in DEVELOPMENT:
        return _known_users()
    environment.refuse(
        USERS,
        "is missing or empty: list users there, or set AUTH_ADMIN_HASH or AUTH_USER_HASH; "
        f"there are users without only where ENVIRONMENT is one of {', '.join(DEVELOPMENT)}",
    )
    return Users(())


def _refuse_repeats(environment: Environment, entries: list[_Entry]) -> None:
    names = [entry.name for entry in entries]
    if len(set(names)) < len(names):
        environment.refuse(
            USERS, "has two users of one name (AUTH_ADMIN_HASH is one of admin, and so on)"
        )


def _user(environment: Environment, entry: _Entry) -> User:
    already = len(environment.problems)
    source, text = environment.value_or_file(entry.hash)
    if len(environment.problems) > already:
        pass
    elif not text:
        environment.refuse(source, f"is missing or empty; set {entry.hash} or {entry.hash}_FILE")
    elif not (_BCRYPT.fullmatch(text) or _ARGON2.fullmatch(text)):
        environment.refuse(
            source, "must be a bcrypt or argon2 hash: llmops keys hash-password makes one"
        )
    elif not _is_affordable(text):
        environment.refuse(source, "is a hash that takes too long or too much memory to verify")
    return User(Caller(entry.name, entry.tenant, entry.role), text)


def _is_affordable(text: str) -> bool:
    bcrypt = _BCRYPT.fullmatch(text)
    if bcrypt:
        return int(bcrypt["rounds"]) <= _MOST_ROUNDS
    argon2 = _ARGON2.fullmatch(text)
    return (
        argon2 is not None
        and int(argon2["kibibytes"]) <= _MOST_KIBIBYTES
        and int(argon2["passes"]) <= _MOST_PASSES
        and int(argon2["lanes"]) <= _MOST_LANES
    )


def _known_users() -> Users:
    from llmops_cli.serve.access.passwords import hashed

    users = (User(caller, hashed(password)) for caller, password in _KNOWN_PASSWORDS.items())
    return Users(tuple(users), are_known=True)
