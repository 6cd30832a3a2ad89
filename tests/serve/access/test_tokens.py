"""A token opens the API only if this API signed it, lately, for a user it still has (A2)."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from llmops_cli.serve.access import settings
from llmops_cli.serve.access.caller import Caller
from llmops_cli.serve.access.tokens import Tokens
from llmops_cli.serve.environment import Environment
from tests.serve import served
from tests.serve.access.logins import ADMIN, OLD_SECRET, SECRET, VARIABLES, changed, logged_in
from tests.serve.served import Served

#: Seconds since 1970: one in 2001, one in 2286.
LONG_AGO, FAR_OFF = 10**9, 10**10 - 1

# Some tests sign with secrets that are too short, which PyJWT warns of.
pytestmark = pytest.mark.filterwarnings("ignore:The HMAC key is")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An API that has users."""
    with served.running(tmp_path_factory.mktemp("tokens"), VARIABLES) as running:
        yield running


@pytest.fixture(scope="module")
def token(api: Served) -> str:
    """A token that is good."""
    return logged_in(api, ADMIN)


def status(api: Served, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.get(f"{api.address}/auth/me", headers=headers).status_code


def encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def test_a_token_of_either_secret_is_good_while_the_secret_is_changed(
    api: Served, token: str
) -> None:
    assert status(api, changed(token, SECRET)) == 200
    assert status(api, changed(token, OLD_SECRET)) == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": LONG_AGO},
        {"exp": None},
        {"exp": "soon"},
        {"iat": FAR_OFF},
        {"iat": None},
        {"iss": "somebody-else"},
        {"iss": None},
        {"aud": "another-api"},
        {"aud": ["llmops-api"]},
        {"aud": None},
        {"jti": None},
        {"sub": "nobody"},
        {"sub": None},
        {"role": "root"},
        {"role": ["admin"]},
        {"role": None},
        {"tenant": "other"},
        {"tenant": None},
    ],
    ids=str,
)
def test_claims_that_are_not_ours_open_nothing(
    api: Served, token: str, claims: dict[str, Any]
) -> None:
    assert status(api, changed(token, **claims)) == 401


@pytest.mark.parametrize(
    "secret",
    ["your-secret-key-change-in-production", "secret", "changeme", SECRET + "x"],
)
def test_a_token_signed_with_another_secret_opens_nothing(
    api: Served, token: str, secret: str
) -> None:
    assert status(api, changed(token, secret)) == 401


def test_the_algorithm_is_not_the_tokens_to_choose(api: Served, token: str) -> None:
    _, payload, signature = token.split(".")
    unsigned = f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{payload}."
    assert status(api, changed(token, algorithm="HS512")) == 401
    for forged in (
        unsigned,
        unsigned + signature,
        f"{encoded({'alg': 'None'})}.{payload}.",
        f"{encoded({'alg': ['HS256']})}.{payload}.{signature}",
        f"{encoded({'typ': 'JWT'})}.{payload}.{signature}",
        f"{encoded([])}.{payload}.{signature}",
    ):
        assert status(api, forged) == 401


@pytest.mark.parametrize(
    "text",
    ["a.b.c", "..", "...", "!.!.!", "e30.e30.", "x" * 1024, ".".join(["x" * 2700] * 3)],
    ids=lambda text: text[:8],
)
def test_garbage_opens_nothing(api: Served, text: str) -> None:
    assert status(api, text) == 401


def test_a_header_that_is_nested_deeply_opens_nothing(api: Served) -> None:
    nested = base64.urlsafe_b64encode(b"[" * 700).decode()
    assert status(api, f"{nested}.e30.e30") == 401


def test_a_changed_letter_opens_nothing(api: Served, token: str) -> None:
    assert status(api, token) == 200
    head, payload, signature = token.split(".")
    assert status(api, f"{head}.{payload}.{signature[:-2]}AA") == 401
    assert status(api, f"{head}.{payload[:-2]}AA.{signature}") == 401


def test_a_token_that_was_good_ends_all_the_same() -> None:
    tokens = Tokens(login())
    good = changed(tokens.issue(Caller("admin", role="admin")), exp=int(time.time()) + 1)
    assert tokens.caller(good.encode()) is not None
    deadline = time.monotonic() + 30
    while tokens.caller(good.encode()) is not None:
        assert time.monotonic() < deadline


def test_tokens_are_read_when_more_are_used_than_are_remembered() -> None:
    tokens = Tokens(login())
    caller = Caller("admin", role="admin")
    issued = [tokens.issue(caller).encode() for _ in range(1100)]
    assert len(set(issued)) == 1100
    assert {tokens.caller(token) for _ in range(2) for token in issued} == {caller}


def test_whoever_is_taken_off_the_list_is_out() -> None:
    token = Tokens(login()).issue(Caller("user", role="user")).encode()
    assert Tokens(login()).caller(token) == Caller("user", role="user")
    assert Tokens(login(AUTH_USER_HASH="")).caller(token) is None


def login(**variables: str) -> settings.LoginSettings:
    environment = Environment({**VARIABLES, **variables})
    found = settings.read(environment).login
    assert found is not None
    assert environment.problems == []
    return found
