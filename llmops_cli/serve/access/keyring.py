"""Finds out who presents a credential: a key or a login token, in either header."""

import hashlib
import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING

from llmops_cli.serve.access.caller import Caller
from llmops_cli.serve.access.settings import AccessSettings

if TYPE_CHECKING:
    from llmops_cli.serve.access.tokens import Tokens


class Keyring:
    """The keys that open the API, by their SHA-256 digests, and the login tokens that do."""

    def __init__(self, settings: AccessSettings) -> None:
        self._keys = {digest: (digest, caller) for digest, caller in settings.keys.items()}
        self._tokens: Tokens | None = None
        if settings.login:
            # Here, because its library is needed where somebody can log in, and only there.
            from llmops_cli.serve.access import tokens

            self._tokens = tokens.Tokens(settings.login)

    def caller(self, headers: Iterable[tuple[bytes, bytes]]) -> Caller | None:
        """Return whose credential the request headers carry, or None.

        One that is good is enough, unless there are two and they are of different callers:
        guessing whose data was meant could show it to the wrong one.
        """
        found = None
        for credential in _presented(headers):
            caller = self._owner(credential)
            if caller is not None and found is not None and caller != found:
                return None
            found = caller or found
        return found

    def _owner(self, credential: bytes) -> Caller | None:
        """Return whose key or token this is.

        A table finds the key of one among a thousand callers as fast as that of one. The time
        which that takes can depend on the digest only, and only on one that is equal to a known
        one in the 64 bits of Python's keyed hash; from a digest nobody can tell a key of 256
        bits. The comparison that decides is over the whole digest and takes the same time always.
        """
        digest = hashlib.sha256(credential).digest()
        known = self._keys.get(digest)
        if known is not None and hmac.compare_digest(digest, known[0]):
            return known[1]
        return self._tokens.caller(credential) if self._tokens else None


def _presented(headers: Iterable[tuple[bytes, bytes]]) -> list[bytes]:
    """Return what is presented, none of it where a header is there twice.

    A proxy in front of this may have looked at the other one.
    """
    names, credentials = [], []
    for name, value in headers:
        if name == b"x-api-key":
            names.append(name)
            credentials.append(value.strip())
        elif name == b"authorization":
            names.append(name)
            if value[:7].lower() == b"bearer ":
                credentials.append(value[7:].strip())
    is_repeated = len(names) > len(set(names))
    return [] if is_repeated else [credential for credential in credentials if credential]
