"""Who may call: what the project file says reaches the served API, which takes the same."""

import hashlib
import json
import secrets
from typing import Any

import pytest
from pwdlib.hashers.bcrypt import BcryptHasher

from llmops_cli.config.environment import api_environment, required_secrets
from llmops_cli.config.load import parse
from llmops_cli.errors import ConfigError
from llmops_cli.serve import settings
from llmops_cli.serve.access.caller import Caller

KEY = "key-of-ann-0123456789"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()
FULL = f"""
name = "chat"
[api]
auth = "jwt"
cors_origins = ["https://a.example", "http://localhost:3000"]
[[api.keys]]
name = "ann"
tenant = "blue"
sha256 = "{DIGEST}"
[[api.keys]]
name = "ann"
tenant = "blue"
secret = "ANN_KEY"
[[api.users]]
name = "bob@example.com"
role = "admin"
tenant = "red"
hash_secret = "BOB_HASH"
[[api.users]]
name = "eve"
hash_secret = "EVE_HASH"
"""


def test_keys_users_and_origins_are_in_the_environment_without_their_secrets() -> None:
    environment = api_environment(parse(FULL, ""))
    assert environment["LLMOPS_AUTH"] == "jwt"
    assert environment["LLMOPS_CORS_ORIGINS"] == "https://a.example,http://localhost:3000"
    assert json.loads(environment["LLMOPS_API_KEYS"]) == [
        {"name": "ann", "tenant": "blue", "sha256": DIGEST},
        {"name": "ann", "tenant": "blue", "secret": "ANN_KEY"},
    ]
    assert json.loads(environment["LLMOPS_USERS"]) == [
        {"name": "bob@example.com", "role": "admin", "tenant": "red", "hash": "BOB_HASH"},
        {"name": "eve", "hash": "EVE_HASH"},
    ]


def test_the_served_api_lets_in_whom_the_project_names() -> None:
    some_hash = BcryptHasher(4).hash(KEY)
    taken = settings.load(
        {
            **api_environment(parse(FULL, "")),
            **{name: secrets.token_urlsafe(32) for name in ("ANN_KEY", "JWT_SECRET_KEY")},
            "BOB_HASH": some_hash,
            "EVE_HASH": some_hash,
        }
    ).access
    assert taken.keys[bytes.fromhex(DIGEST)] == Caller("ann", "blue")
    assert len(taken.keys) == 2
    assert taken.login is not None
    assert [user.caller for user in taken.login.users.every] == [
        Caller("bob@example.com", "red", "admin"),
        Caller("eve", "default", "user"),
    ]
    assert taken.origins == ("https://a.example", "http://localhost:3000")


def test_the_limits_of_both_sides_agree() -> None:
    longest = f'name = "{"n" * 50}"\ntenant = "{"t" * 50}"'
    text = f'name = "chat"\n[[api.keys]]\n{longest}\nsha256 = "{DIGEST}"'
    taken = settings.load({**api_environment(parse(text, "")), "LLMOPS_API_KEY": KEY + "x"})
    assert taken.access.keys[bytes.fromhex(DIGEST)] == Caller("n" * 50, "t" * 50)


def test_a_deploy_needs_the_secrets_that_let_callers_in() -> None:
    assert required_secrets(parse(FULL, "")) == (
        *("LLMOPS_API_KEY", "ANN_KEY", "JWT_SECRET_KEY", "BOB_HASH", "EVE_HASH"),
    )


def test_an_api_without_users_is_logged_in_to_by_its_administrator() -> None:
    found = required_secrets(parse('name = "chat"\n[api]\nauth = "jwt"', ""))
    assert found == ("LLMOPS_API_KEY", "JWT_SECRET_KEY", "AUTH_ADMIN_HASH")


def test_every_page_may_read_an_api_that_answers_anybody() -> None:
    text = 'name = "chat"\n[api]\nauth = "none"\ncors_origins = ["*"]'
    assert settings.load(api_environment(parse(text, ""))).access.origins == ("*",)


KEYS = '[[api.keys]]\nname = "a"\n'
USERS = '[[api.users]]\nname = "a"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('api.auth = "token"', '"api-key", "jwt" or "none"'),
        (KEYS, "exactly one of sha256 and secret"),
        (f'{KEYS}sha256 = "{DIGEST}"\nsecret = "A"', "exactly one of sha256 and secret"),
        (f'{KEYS}sha256 = "{KEY}"', "SHA-256 digest"),
        (f'{KEYS}secret = "LLMOPS_MODEL"', "the name of a secret"),
        (f'{KEYS}secret = "A"\ntenant = "a b"', "letters, digits"),
        (f'api.auth = "none"\n{KEYS}secret = "A"', 'keys and auth = "none"'),
        (f'{KEYS}secret = "A"\n{KEYS}secret = "B"\ntenant = "x"', "one name and two tenants"),
        (f'{USERS}hash_secret = "A"', 'only with auth = "jwt"'),
        (f'api.auth = "jwt"\n{USERS}', "hash_secret is missing"),
        (f'api.auth = "jwt"\n{USERS}hash_secret = "A"\n{USERS}hash_secret = "B"', "two users of"),
        (f'api.auth = "jwt"\n{USERS}hash_secret = "A"\n{KEYS}secret = "B"', "name that a key has"),
        ('api.cors_origins = ["*"]', 'goes with auth = "none" only'),
        ('api.cors_origins = ["https://a.example/x"]', "without a path"),
        ('api.cors_origins = ["a.example"]', "without a path"),
    ],
)
def test_what_would_be_refused_at_the_start_is_refused_before(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(f'name = "chat"\n{text}', "llmops.toml")
    shown: Any = f"{error.value} {error.value.evidence}"
    assert said in shown
    assert KEY not in shown
