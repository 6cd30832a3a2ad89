"""What protects nothing is refused at the start, by variable and rule (C1, A5)."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from llmops_cli.serve.access.caller import Caller
from llmops_cli.serve.settings import Settings, SettingsError, load
from tests.serve.access.logins import SECRET, VARIABLES
from tests.serve.test_start import refused

KEY = "0123456789abcdef"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()
JWT = {**VARIABLES, "JWT_SECRET_KEY": SECRET}


def problems(**variables: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as error:
        load(variables)
    return error.value.problems


def with_keys(*entries: Any, **variables: str) -> dict[str, str]:
    return {"LLMOPS_API_KEYS": json.dumps(entries), **variables}


def owner(settings: Settings, key: str) -> Caller | None:
    return settings.access.keys.get(hashlib.sha256(key.encode()).digest())


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        ("", "is missing or empty; set JWT_SECRET_KEY or JWT_SECRET_KEY_FILE"),
        ("secret", "holds a placeholder from an example; set a real value"),
        ("changeme", "holds a placeholder from an example; set a real value"),
        ("your-secret-key", "holds a placeholder from an example; set a real value"),
        ("your-secret-key-change-in-production", "holds a placeholder from an example"),
        ("change-me-to-32-characters-or-longer", "holds a placeholder from an example"),
        ("a-string-secret-at-least-256-bits-long", "holds a placeholder from an example"),
        (SECRET[:31], "is too short: each key needs at least 32 characters"),
        (f"{SECRET},{SECRET[:31]}", "is too short: each key needs at least 32 characters"),
    ],
)
def test_a_signing_secret_that_protects_nothing_is_refused(value: str, rule: str) -> None:
    found = problems(**{**JWT, "JWT_SECRET_KEY": value})
    assert len(found) == 1
    assert found[0].startswith(f"JWT_SECRET_KEY: {rule}")
    assert value == "" or value not in found[0].partition(": ")[2].replace("a real value", "")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"LLMOPS_AUTH": "jwt", "AUTH_ADMIN_HASH": VARIABLES["AUTH_ADMIN_HASH"]}, "JWT_SECRET_KEY"),
        (
            {"LLMOPS_AUTH": "jwt", "JWT_SECRET_KEY": SECRET, "ENVIRONMENT": "production"},
            "LLMOPS_USERS",
        ),
        ({"LLMOPS_API_KEY": KEY, "CORS_ORIGINS": "*"}, "CORS_ORIGINS"),
    ],
)
def test_a_server_that_would_protect_nothing_does_not_start(
    tmp_path: Path, variables: dict[str, str], said: str
) -> None:
    told = refused(tmp_path, **variables)
    assert told.startswith(f"{said}: ")
    assert told.count("\n") == 1


@pytest.mark.parametrize("environment", ["", "production", "staging", "DEVELOPMENT-2"])
def test_users_are_needed_where_it_is_not_said_to_be_development(environment: str) -> None:
    found = problems(LLMOPS_AUTH="jwt", JWT_SECRET_KEY=SECRET, ENVIRONMENT=environment)
    assert len(found) == 1
    assert found[0].startswith("LLMOPS_USERS: is missing or empty: ")


@pytest.mark.parametrize("environment", ["development", "dev", "local", "TEST"])
def test_development_has_users_of_its_own_only_without_others(environment: str) -> None:
    bare = {"LLMOPS_AUTH": "jwt", "JWT_SECRET_KEY": SECRET, "ENVIRONMENT": environment}
    login = load(bare).access.login
    assert login is not None
    assert [user.caller.name for user in login.users.every] == ["admin", "user"]
    assert "well-known" in load(bare).access.warning
    own = load({**bare, "AUTH_USER_HASH": VARIABLES["AUTH_USER_HASH"]}).access
    assert own.login is not None
    assert [user.caller.name for user in own.login.users.every] == ["user"]
    assert own.warning == ""


@pytest.mark.parametrize(
    "value",
    [
        "my-plain-password",
        "$2b$12$tooshort",
        "$2b$31$" + "a" * 53,
        "$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
        "$argon2id$v=19$m=999999999,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
        "$argon2id$v=19$m=19456,t=9999,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
        "$1$old$crypt",
        "5f4dcc3b5aa765d61d8327deb882cf99",
    ],
)
def test_what_is_no_hash_of_a_password_is_refused_and_not_shown(value: str) -> None:
    found = problems(**{**JWT, "AUTH_ADMIN_HASH": value})
    assert len(found) == 1
    assert found[0].startswith("AUTH_ADMIN_HASH: ")
    assert value not in found[0]


def test_users_are_listed_with_the_variables_of_their_hashes(tmp_path: Path) -> None:
    file = tmp_path / "hash"
    file.write_text(VARIABLES["AUTH_USER_HASH"] + "\n")
    users = [
        {"name": "ann", "role": "editor", "tenant": "blue", "hash": "ANN_HASH"},
        {"name": "admin", "role": "root", "hash": "AUTH_ADMIN_HASH"},
    ]
    login = load(
        {
            "LLMOPS_AUTH": "jwt",
            "JWT_SECRET_KEY": SECRET,
            "LLMOPS_USERS": json.dumps(users),
            "ANN_HASH_FILE": str(file),
            "AUTH_ADMIN_HASH": VARIABLES["AUTH_ADMIN_HASH"],
        }
    ).access.login
    assert login is not None
    assert [user.caller for user in login.users.every] == [
        Caller("ann", "blue", "editor"),
        Caller("admin", "default", "root"),
    ]
    assert VARIABLES["AUTH_USER_HASH"] not in repr(login)
    assert SECRET not in repr(login)


@pytest.mark.parametrize(
    ("users", "line"),
    [
        ("{", "LLMOPS_USERS: Invalid JSON"),
        ('[{"name":"a b","hash":"AUTH_ADMIN_HASH"}]', "LLMOPS_USERS[0].name: "),
        ('[{"name":"a","hash":"not a name"}]', "LLMOPS_USERS[0].hash: "),
        ('[{"name":"a"}]', "LLMOPS_USERS[0].hash: "),
        ('[{"name":"a","hash":"NOT_SET"}]', "NOT_SET: is missing or empty; set NOT_SET or NOT"),
        ('[{"name":"a","hash":"AUTH_USER_HASH","password":"x"}]', "LLMOPS_USERS[0].password: "),
        ('[{"name":"admin","hash":"AUTH_USER_HASH"}]', "LLMOPS_USERS: has two users of one name"),
        ('[{"name":"operator","hash":"AUTH_USER_HASH"}]', "LLMOPS_USERS: has a user with the name"),
    ],
)
def test_a_wrong_user_is_named_by_its_place(users: str, line: str) -> None:
    found = problems(**{**JWT, "LLMOPS_API_KEY": KEY, "LLMOPS_USERS": users})
    assert found[0].startswith(line)


def test_named_keys_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("old-key-0123456789\nnew-key-0123456789\n")
    settings = load(
        with_keys(
            {"name": "ann", "tenant": "blue", "sha256": DIGEST.upper()},
            {"name": "bob", "secret": "BOB_KEY"},
            {"name": "ann", "tenant": "blue", "secret": "ANN_KEY"},
            BOB_KEY_FILE=str(file),
            ANN_KEY="new-key-of-ann-0123",
        )
    )
    assert owner(settings, KEY) == Caller("ann", "blue")
    assert owner(settings, "new-key-of-ann-0123") == Caller("ann", "blue")
    assert owner(settings, "old-key-0123456789") == Caller("bob")
    assert owner(settings, "new-key-0123456789") == Caller("bob")
    assert KEY not in repr(settings)
    assert "new-key" not in repr(settings)


def test_named_keys_come_from_a_file_too(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps([{"name": "ann", "sha256": DIGEST}]))
    assert owner(load({"LLMOPS_API_KEYS_FILE": str(file)}), KEY) == Caller("ann")


@pytest.mark.parametrize(
    ("entries", "line"),
    [
        ([{"name": "a"}], "LLMOPS_API_KEYS[0]: needs one of sha256 and secret"),
        (
            [{"name": "a", "sha256": DIGEST, "secret": "S"}],
            "LLMOPS_API_KEYS[0]: needs one of sha256 and secret",
        ),
        ([{"name": "a", "sha256": KEY}], "LLMOPS_API_KEYS[0].sha256: "),
        ([{"name": "a\n", "sha256": DIGEST}], "LLMOPS_API_KEYS[0].name: "),
        ([{"name": "a", "tenant": "", "sha256": DIGEST}], "LLMOPS_API_KEYS[0].tenant: "),
        ([{"name": "a", "secret": "NOT_SET"}], "NOT_SET: is missing or empty"),
        ([{"name": "a", "secret": "SHORT"}], "SHORT: is too short"),
        ([{"name": "a", "key": KEY}], "LLMOPS_API_KEYS[0].key: "),
        (
            [{"name": "a", "sha256": DIGEST}, {"name": "b", "sha256": DIGEST}],
            "LLMOPS_API_KEYS[1]: has a key that is listed before",
        ),
        (
            [{"name": "a", "sha256": DIGEST}, {"name": "a", "tenant": "b", "sha256": "0" * 64}],
            "LLMOPS_API_KEYS[1]: has the name of a caller of another tenant",
        ),
        (
            [{"name": "operator", "tenant": "b", "sha256": "0" * 64}],
            "LLMOPS_API_KEYS[0]: has the name of a caller of another tenant",
        ),
    ],
)
def test_a_wrong_key_is_named_by_its_place_and_not_shown(entries: list[Any], line: str) -> None:
    variables = {"SHORT": "short-key", "LLMOPS_API_KEY": "operator-key-0123456789"}
    found = problems(**with_keys(*entries, **variables))
    assert found[0].startswith(line)
    assert not [text for text in found if KEY in text or "short-key" in text or DIGEST in text]


def test_an_empty_list_of_keys_is_no_key() -> None:
    assert problems(LLMOPS_API_KEYS="[]")[0].startswith("LLMOPS_API_KEY: is missing or empty")
