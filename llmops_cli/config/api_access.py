"""Who may call the API: what `[api]` says of keys, of users who log in, and of web pages."""

import json
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from llmops_cli.config.fields import Rule, SecretName
from llmops_cli.config.table import Table

#: The secret that callers of the API present, and the one that login tokens are signed with.
API_KEY = "LLMOPS_API_KEY"
SIGNING_SECRET = "JWT_SECRET_KEY"  # noqa: S105 - the name of one

#: The user of an API that names none, and the secret that holds the hash of its password.
ADMIN_HASH = "AUTH_ADMIN_HASH"

DEFAULT_TENANT = "default"
DEFAULT_ROLE = "user"

ApiAuth = Literal["api-key", "jwt", "none"]
CallerName = Annotated[
    str,
    Rule(
        r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,49}$",
        "1 to 50 letters, digits and . _ @ -, the first a letter or a digit",
    ),
]
Word = Annotated[
    str,
    Rule(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$",
        "1 to 50 letters, digits and . _ -, the first a letter or a digit",
    ),
]
Digest = Annotated[
    str, Rule(r"^[0-9a-f]{64}$", "a SHA-256 digest, 64 hex digits: llmops keys create makes one")
]
Origin = Annotated[
    str,
    Rule(
        r"^(\*|https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[1-9][0-9]{0,4})?)$",
        "an origin such as https://chat.example.com, without a path",
    ),
]


class Key(Table):
    """A key of one caller. The project file holds its digest, or the name of a secret."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["sha256"]}, {"required": ["secret"]}]}
    )

    name: CallerName = Field(description="Name of the caller, for logs and metrics.")
    tenant: Word = Field(
        default=DEFAULT_TENANT, description="Whose data the caller sees; tenants share none."
    )
    sha256: Digest | None = Field(
        default=None,
        description="SHA-256 digest of a random key, from `llmops keys create`. "
        "Give this or `secret`.",
    )
    secret: SecretName | None = Field(
        default=None,
        description="Name of the secret that holds the key, or the old one and the new one.",
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.sha256 is None) == (self.secret is None):
            raise ValueError("needs exactly one of sha256 and secret")
        return self


class User(Table):
    """One that may log in with a password."""

    name: CallerName = Field(description="Name to log in with.")
    role: Word = Field(default=DEFAULT_ROLE, description="What /auth/me answers as the role.")
    tenant: Word = Field(
        default=DEFAULT_TENANT, description="Whose data the user sees; tenants share none."
    )
    hash_secret: SecretName = Field(
        description="Name of the secret that holds the hash of the password, "
        "from `llmops keys hash-password`."
    )


class Access(Table):
    """Who may call."""

    auth: ApiAuth = Field(
        default="api-key",
        description='"api-key" asks every caller for a key, "jwt" for a key or the token of a '
        'login, and "none" answers anybody.',
    )
    keys: Annotated[tuple[Key, ...], Field(strict=False)] = Field(
        default=(), max_length=1000, description="Keys besides LLMOPS_API_KEY."
    )
    users: Annotated[tuple[User, ...], Field(strict=False)] = Field(
        default=(),
        max_length=1000,
        description='Who may log in, with auth = "jwt". Default: "admin", with AUTH_ADMIN_HASH.',
    )
    cors_origins: Annotated[tuple[Origin, ...], Field(strict=False)] = Field(
        default=(),
        description="Origins of web pages whose scripts may call the API. "
        '"*", every page, goes with auth = "none" only. Default: none.',
    )

    @model_validator(mode="after")
    def _lets_in_whom_it_names(self) -> Self:
        if self.keys and self.auth == "none":
            raise ValueError('has keys and auth = "none"; remove one of them')
        if self.users and self.auth != "jwt":
            raise ValueError('has users, who can log in only with auth = "jwt"')
        if "*" in self.cors_origins and self.auth != "none":
            raise ValueError('has "*" in `cors_origins`, which goes with auth = "none" only')
        return self

    @model_validator(mode="after")
    def _names_nobody_twice(self) -> Self:
        users = [user.name for user in self.users]
        tenants = {(key.name, key.tenant) for key in self.keys}
        keys = {name for name, _ in tenants}
        if len(set(users)) < len(users):
            raise ValueError("has two users of one name")
        if len(keys) < len(tenants):
            raise ValueError("has keys of one name and two tenants")
        if keys & set(users):
            raise ValueError("has a user with the name that a key has")
        return self


def variables(access: Access) -> dict[str, str]:
    """Return the variables that say who may call; lists that are empty are left out."""
    keys = [key.model_dump(exclude_none=True, exclude_defaults=True) for key in access.keys]
    users = [_user(user) for user in access.users]
    found = {
        "LLMOPS_API_KEYS": json.dumps(keys, separators=(",", ":")) if keys else "",
        "LLMOPS_USERS": json.dumps(users, separators=(",", ":")) if users else "",
        "LLMOPS_CORS_ORIGINS": ",".join(access.cors_origins),
    }
    present = {name: value for name, value in found.items() if value}
    return {"LLMOPS_AUTH": access.auth, **present}


def secret_names(access: Access) -> list[str]:
    """Return the names of the secrets that let callers in.

    A deploy presents the first one, the API's own key, to the release that it verifies.
    """
    if access.auth == "none":
        return []
    names = [API_KEY, *(key.secret for key in access.keys if key.secret)]
    if access.auth == "jwt":
        names += [SIGNING_SECRET, *(user.hash_secret for user in access.users)]
        names += [] if access.users else [ADMIN_HASH]
    return names


def _user(user: User) -> dict[str, str]:
    record: dict[str, str] = user.model_dump(exclude_defaults=True)
    # The server knows its variables by other names than the file knows its secrets.
    record["hash"] = record.pop("hash_secret")
    return record
