"""`keys`: a key is shown once and a password never; what is to be stored opens the API."""

import asyncio
import hashlib
import json
import tomllib
from pathlib import Path

import pytest

from llmops_cli.config.secret_shapes import holds_a_secret
from llmops_cli.serve.access import settings
from llmops_cli.serve.access.caller import Caller
from llmops_cli.serve.access.passwords import Passwords
from llmops_cli.serve.environment import Environment
from tests.cli.terminal import ended, spawn
from tests.project import Project

PASSWORD = "pass phrase for tests, ü"


@pytest.fixture
def folder(tmp_path: Path) -> Project:
    """An empty folder: these commands need no project."""
    return Project(tmp_path, 0)


def test_a_key_is_on_stdout_alone_and_its_digest_opens_the_api(folder: Project) -> None:
    run = folder.ok("keys", "create", "ann", "--tenant", "blue")
    key = run.out.strip()
    assert run.out == key + "\n"
    assert key.startswith("llmops_")
    assert len(key) == len("llmops_") + 43
    assert holds_a_secret(key)
    assert key not in run.err
    stanza = tomllib.loads(run.err.partition(":\n\n")[2].partition("\n\n")[0])
    digest = hashlib.sha256(key.encode())
    assert stanza["api"]["keys"] == [
        {"name": "ann", "tenant": "blue", "sha256": digest.hexdigest()}
    ]
    environment = Environment({"LLMOPS_API_KEYS": json.dumps(stanza["api"]["keys"])})
    assert settings.read(environment).keys == {digest.digest(): Caller("ann", "blue")}
    assert environment.problems == []


def test_a_key_is_one_document_for_programs(folder: Project) -> None:
    run = folder.ok("--json", "keys", "create", "ann")
    made = run.document
    assert run.err == ""
    assert made["sha256"] == hashlib.sha256(made["key"].encode()).hexdigest()
    assert (made["name"], made["tenant"]) == ("ann", "default")
    assert tomllib.loads(made["toml"])["api"]["keys"] == [{"name": "ann", "sha256": made["sha256"]}]
    assert folder.ok("--json", "keys", "create", "ann").document["key"] != made["key"]


@pytest.mark.parametrize("words", [("a b",), ('a"',), ("",), ("ann", "--tenant", "x/y")])
def test_a_name_that_no_project_file_holds_is_refused(
    folder: Project, words: tuple[str, ...]
) -> None:
    run = folder.llmops("keys", "create", *words)
    assert (run.status, run.out) == (2, "")
    assert "letters, digits" in run.err


def verified(text: str) -> bool:
    """Whether the API takes the hash and then lets its user in."""
    variables = {"LLMOPS_AUTH": "jwt", "JWT_SECRET_KEY": "0a1b" * 8, "AUTH_ADMIN_HASH": text}
    environment = Environment(variables)
    login = settings.read(environment).login
    assert login is not None
    assert environment.problems == []

    return asyncio.run(Passwords(login.users.every).caller("admin", PASSWORD)) is not None


def test_a_password_from_stdin_becomes_a_hash_that_the_api_takes(folder: Project) -> None:
    run = folder.ok("keys", "hash-password", input=PASSWORD + "\n")
    assert verified(run.out.strip())
    assert PASSWORD not in run.said
    assert run.err == ""
    assert verified(folder.ok("--json", "keys", "hash-password", input=PASSWORD).document["hash"])


def test_a_password_is_typed_twice_and_not_shown(folder: Project) -> None:
    run = spawn(folder, "keys", "hash-password")
    for question in ("Password:", "Repeat for confirmation:"):
        run.expect_exact(question)
        run.waitnoecho()
        run.sendline(PASSWORD)
    status, text = ended(run)
    assert status == 0, text
    assert PASSWORD not in text
    assert verified(next(line for line in text.split() if line.startswith("$argon2id$")))


@pytest.mark.parametrize("password", ["", "short", "changeme", "password123", "x" * 101])
def test_a_password_that_protects_nothing_is_refused(folder: Project, password: str) -> None:
    run = folder.llmops("keys", "hash-password", input=password)
    assert (run.status, run.out) == (2, "")
    assert "8 to 100 characters" in run.err
    assert not password or password not in run.err


def test_a_password_is_never_an_argument(folder: Project) -> None:
    run = folder.llmops("keys", "hash-password", "hunter2-hunter2")
    assert run.status == 2
    assert "never an argument" in run.err
    assert "hunter2" not in run.said
