"""Reads the keys that open the API; only their SHA-256 digests are kept."""

import hashlib
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from llmops_cli.serve.access.caller import DEFAULT_TENANT, Caller
from llmops_cli.serve.environment import Environment
from llmops_cli.serve.json_list import read_list

OPERATOR_KEY = "LLMOPS_API_KEY"
NAMED_KEYS = "LLMOPS_API_KEYS"

#: Whoever has the key that deploys and checks present.
OPERATOR = Caller("operator")

#: Characters of a key; a shorter one could be guessed.
SHORTEST_KEY = 16

CallerName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,49}$")]
TenantName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: CallerName
    tenant: TenantName = DEFAULT_TENANT
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None
    secret: VariableName | None = None


def read(environment: Environment, *, is_optional: bool) -> dict[bytes, Caller]:
    """Return who has which key, by the digest of the key.

    ``LLMOPS_API_KEY`` holds the operator's keys and has to be there unless ``is_optional`` or
    ``LLMOPS_API_KEYS`` lists keys. Several keys of one caller are all good, so that a key can be
    changed without a moment in which neither the old nor the new one is.
    """
    callers = _Callers(environment)
    already = len(environment.problems)
    entries = read_list(environment, NAMED_KEYS, _Entry)
    has_named = bool(entries) or len(environment.problems) > already
    if environment.is_set(OPERATOR_KEY) or not (is_optional or has_named):
        for key in environment.credentials(OPERATOR_KEY, shortest=SHORTEST_KEY):
            callers.add(OPERATOR_KEY, hashlib.sha256(key.encode()).digest(), OPERATOR)
    for index, entry in enumerate(entries):
        place = f"{NAMED_KEYS}[{index}]"
        for digest in _digests(environment, place, entry):
            callers.add(place, digest, Caller(entry.name, entry.tenant))
    return callers.by_digest


def _digests(environment: Environment, place: str, entry: _Entry) -> list[bytes]:
    if (entry.sha256 is None) == (entry.secret is None):
        environment.refuse(place, "needs one of sha256 and secret, and not both")
        return []
    if entry.sha256 is not None:
        return [bytes.fromhex(entry.sha256)]
    keys = environment.credentials(str(entry.secret), shortest=SHORTEST_KEY)
    return [hashlib.sha256(key.encode()).digest() for key in keys]


class _Callers:
    """Whoever has a key, and what must be true of all of them together."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._tenants: dict[str, str] = {}
        self.by_digest: dict[bytes, Caller] = {}

    def add(self, place: str, digest: bytes, caller: Caller) -> None:
        """Add a key. A place is named, never a name: a key may have been put there by mistake."""
        if self._tenants.setdefault(caller.name, caller.tenant) != caller.tenant:
            self._environment.refuse(place, "has the name of a caller of another tenant")
        if digest in self.by_digest:
            self._environment.refuse(place, "has a key that is listed before")
        self.by_digest[digest] = caller
