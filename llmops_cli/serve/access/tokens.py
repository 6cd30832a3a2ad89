"""Login tokens: JSON Web Tokens that this API signs, and that no other API's are taken for."""

import secrets
import time

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


class Tokens:
    """Issues and reads tokens. The first secret signs; each is good to verify with.

    That way a secret can be changed without anybody's being logged out: put the new one first,
    and take the old one away an hour later.
    """

    def __init__(self, login: LoginSettings) -> None:
        self._secrets = login.signing_secrets
        self._callers = {user.caller.name: user.caller for user in login.users.every}

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
        if len(token) > _LONGEST or token.count(b".") != 2:
            return None
        claims = next(filter(None, (_claims(token, secret) for secret in self._secrets)), None)
        caller = self._callers.get(claims["sub"]) if claims else None
        if claims is None or caller is None:
            return None
        is_unchanged = (claims["role"], claims["tenant"]) == (caller.role, caller.tenant)
        return caller if is_unchanged else None


def _claims(token: bytes, secret: str) -> dict[str, str] | None:
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
