"""The users of an API that they log in to, and tokens that it did not issue."""

from typing import Any

import jwt
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from tests.serve.served import Served

SECRET = "signing-secret-7d793037a0760186574b"
OLD_SECRET = "signing-secret-before-it-c0ffee1d2e"
ADMIN = {"username": "admin", "password": "correct horse battery staple"}
USER = {"username": "user", "password": "päss-wörd " + "x" * 80}

#: An API with both of them, the cheapest hashes there are, and a secret that is being changed.
VARIABLES = {
    "LLMOPS_AUTH": "jwt",
    "JWT_SECRET_KEY": f"{SECRET},{OLD_SECRET}",
    "AUTH_ADMIN_HASH": Argon2Hasher(1, 8, 1).hash(ADMIN["password"]),
    "AUTH_USER_HASH": BcryptHasher(4).hash(USER["password"].encode()[:72]),
}


def logged_in(api: Served, credentials: dict[str, str]) -> str:
    """Log in and return the token."""
    answer = api.post("/auth/login", credentials)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def changed(token: str, secret: str = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """Return a token with other claims, signed as if by the API. None takes a claim away."""
    old = jwt.decode(token, options={"verify_signature": False})
    new = {name: value for name, value in {**old, **claims}.items() if value is not None}
    return jwt.encode(new, secret, algorithm)
