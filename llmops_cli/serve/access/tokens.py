"""Login tokens: JSON Web Tokens that this API signs, and that no other API's are taken for."""

import hashlib
import secrets
import time
from typing import Any

import jwt

from llmops_cli.serve.access.caller import Caller
from llmops_cli.serve.access.settings import LoginSettings

#: Seconds that a token is good for.
LIFETIME = 3600

#: The only algorithm, whatever a token says of itself.
_ALGORITHM = "HS256"
_ISSUER = "llmops"
_AUDIENCE = "llmops-api"
_CLAIMS = ["aud", "exp", "iat", "iss", "jti", "role", "sub", "tenant"]

#: Bytes; ours have about 400. A longer one is not even looked at.
_LONGEST = 1024

#: Tokens that are remembered as verified: to verify one takes twenty times as long as to find it.
_REMEMBERED = 1024


class Tokens:
    """Issues and reads tokens. The first secret signs; each is good to verify with.

    That way a secret can be changed without anybody's being logged out: put the new one first,
    and take the old one away an hour later.
    """

    def __init__(self, login: LoginSettings) -> None:
        self._secrets = login.signing_secrets
        self._callers = {user.caller.name: user.caller for user in login.users.every}
        #: By digest: whose a token is, and when it ends, in seconds since 1970.
        self._verified: dict[bytes, tuple[Caller, int]] = {}

    def issue(self, caller: Caller) -> str:
        """Return a token for a user who has just logged in."""
        now = int(time.time())
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": caller.name,
            "role": caller.role,
            "tenant": caller.tenant,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": secrets.token_hex(16),
        }
        return jwt.encode(claims, self._secrets[0], _ALGORITHM)

    def caller(self, token: bytes) -> Caller | None:
        """Return the user that a token was issued to, or None for every other text.

        The user must still be there with the role and the tenant of the token: whoever is taken
        off the list is out with the next release, not an hour later.
        """
        digest = hashlib.sha256(token).digest()
        caller, end = self._verified.get(digest) or self._verify(token) or (None, 0)
        if caller is None or end <= time.time():
            self._verified.pop(digest, None)
            return None
        if digest not in self._verified and len(self._verified) >= _REMEMBERED:
            del self._verified[next(iter(self._verified))]
        self._verified[digest] = (caller, end)
        return caller

    def _verify(self, token: bytes) -> tuple[Caller, int] | None:
        if len(token) > _LONGEST or token.count(b".") != 2:
            return None
        claims = next(filter(None, (_claims(token, secret) for secret in self._secrets)), None)
        caller = self._callers.get(claims["sub"]) if claims else None
        if claims is None or caller is None:
            return None
        is_unchanged = (claims["role"], claims["tenant"]) == (caller.role, caller.tenant)
        return (caller, int(claims["exp"])) if is_unchanged else None


def _claims(token: bytes, secret: str) -> dict[str, Any] | None:
    try:
        return jwt.decode(
            token,
            secret,
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            issuer=_ISSUER,
            options={"require": _CLAIMS, "strict_aud": True},
        )
    except jwt.InvalidTokenError:
        return None
