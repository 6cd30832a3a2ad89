"""Verifies passwords: in threads, a few at a time, and for unknown users no faster."""

import asyncio
import os
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from llmops_cli.serve.access.caller import Caller
from llmops_cli.serve.access.users import User

#: Half of the processors, because the other half serves everybody who has logged in.
WORKERS = max(1, min(4, (os.cpu_count() or 1) // 2))

#: Logins that wait for a worker. Further ones are turned away: their wait would be seconds.
MOST_WAITING = 16

# 19 MiB, two passes, one lane: https://cheatsheetseries.owasp.org/, Password Storage, argon2id.
_HASHES = PasswordHash(
    (Argon2Hasher(time_cost=2, memory_cost=19456, parallelism=1), BcryptHasher())
)
#: Bytes of a password that bcrypt looks at. Its library refuses longer ones since version 5.
_BCRYPT_BYTES = 72


class TooManyLoginsError(Exception):
    """More logins wait already than can be answered soon."""


def hashed(password: str) -> str:
    """Return an argon2id hash of the password, with a salt of its own."""
    return _HASHES.hash(password)


class Passwords:
    """The users' passwords.

    An unknown name is verified against the hash of a user that the name chooses, always the same
    one, and then refused: what it costs is what a wrong password costs, whatever the hashes are.
    """

    def __init__(self, users: Sequence[User]) -> None:
        self._users = {user.caller.name: user for user in users}
        self._hashes = [user.password_hash for user in users]
        self._salt = secrets.token_bytes(16)
        self._workers = ThreadPoolExecutor(WORKERS, "passwords")
        self._waiting = 0

    def is_user(self, name: str) -> bool:
        """Whether there is a user of this name."""
        return name in self._users

    async def caller(self, name: str, password: str) -> Caller | None:
        """Return the user if the password is right. Raises TooManyLoginsError."""
        if self._waiting >= MOST_WAITING:
            raise TooManyLoginsError
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            user = self._users.get(name)
            hashed_password = user.password_hash if user else self._decoy(name)
            is_right = await loop.run_in_executor(
                self._workers, _is_right, password, hashed_password
            )
        finally:
            self._waiting -= 1
        return user.caller if user and is_right else None

    def _decoy(self, name: str) -> str:
        number = blake2b(name.encode(), key=self._salt, digest_size=8).digest()
        return self._hashes[int.from_bytes(number) % len(self._hashes)]


def _is_right(password: str, password_hash: str) -> bool:
    text = password.encode()
    if password_hash.startswith("$2"):
        text = text[:_BCRYPT_BYTES]
    return _HASHES.verify(text, password_hash)
