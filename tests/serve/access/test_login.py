"""Logging in with a name and a password, by JSON and by form (A1, A2, A3)."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.serve import served
from tests.serve.access.logins import ADMIN, USER, VARIABLES, logged_in
from tests.serve.conftest import Start
from tests.serve.served import KEY, Served


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An API with an administrator and a user."""
    with served.running(tmp_path_factory.mktemp("logins"), VARIABLES) as running:
        yield running


def anonymous(api: Served, path: str, **options: Any) -> httpx2.Response:
    return httpx2.post(api.address + path, **options)


@pytest.mark.parametrize(("who", "role"), [(ADMIN, "admin"), (USER, "user")])
def test_the_right_password_gets_a_token_that_opens_the_api(
    api: Served, who: dict[str, str], role: str
) -> None:
    answer = anonymous(api, "/auth/login", json=who)
    assert answer.status_code == 200
    body = answer.json()
    token = body.pop("access_token")
    user = {"username": who["username"], "role": role}
    assert body == {"token_type": "bearer", "expires_in": 3600, "user": user}
    assert len(token.split(".")) == 3
    for headers in ({"Authorization": f"Bearer {token}"}, {"X-API-Key": token}):
        me = httpx2.get(f"{api.address}/auth/me", headers=headers)
        assert (me.status_code, me.json()) == (200, user)
        assert httpx2.get(f"{api.address}/v1/models", headers=headers).status_code == 200


def test_a_form_logs_in_as_json_does(api: Served) -> None:
    answer = anonymous(api, "/token", data={**USER, "grant_type": "password", "scope": ""})
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    wrong = anonymous(api, "/token", data={**USER, "password": "wrong"})
    assert (wrong.status_code, wrong.headers["www-authenticate"]) == (401, "Bearer")


def test_json_is_read_whatever_the_content_type_says(api: Served) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = anonymous(api, "/auth/login", content=json.dumps(ADMIN), headers=form)
    assert answer.status_code == 200


def test_who_is_not_a_user_is_told_what_a_wrong_password_is_told(api: Served) -> None:
    wrong = [
        {**ADMIN, "password": "wrong"},
        {**ADMIN, "username": "nobody"},
        {**ADMIN, "username": "admin "},
        {**USER, "password": ADMIN["password"]},
        {**ADMIN, "password": "x\x00y"},
        {**USER, "password": "x\x00y"},
        {**USER, "password": "ü" * 100},
    ]
    answers = [anonymous(api, "/auth/login", json=credentials) for credentials in wrong]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.text for answer in answers} == {'{"detail":"Incorrect username or password"}'}
    assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
    assert {tuple(sorted(answer.headers)) for answer in answers} == {
        tuple(sorted(answers[0].headers))
    }


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        '{"username":"","password":"private-words"}',
        '{"username":"admin","password":""}',
        '{"username":"%s","password":"private-words"}' % ("n" * 51),
        '{"username":"admin","password":"%s"}' % ("private-words" * 8),
        '{"username":"admin","password":["private-words"]}',
        '{"username":"admin","password":"\\ud800private-words"}',
        '{"password":"private-words"}',
    ],
)
def test_what_is_no_login_is_named_and_not_repeated(api: Served, body: str) -> None:
    answer = anonymous(api, "/auth/login", content=body)
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], list)
    assert "private-words" not in answer.text


@pytest.mark.parametrize(
    "body", [b"", b"username=admin", b"a=1&" * 50, b"\xff=\xff", b'{"username":"admin"}']
)
def test_what_is_no_form_is_refused(api: Served, body: bytes) -> None:
    assert anonymous(api, "/token", content=body).status_code == 422


def test_a_failed_login_is_logged_with_the_name_of_a_user_only(start: Start) -> None:
    api = start(**VARIABLES)
    for name in ("admin", "my-password-by-mistake"):
        anonymous(api, "/auth/login", json={"username": name, "password": "private-words"})
    lines = [line for line in api.log() if line["message"] == "Login failed"]
    assert [line["user"] for line in lines] == ["admin", "(unknown)"]
    assert [line["level"] for line in lines] == ["WARNING", "WARNING"]
    written = api.output.read_text()
    assert "private-words" not in written
    assert "by-mistake" not in written


def test_keys_open_an_api_that_is_logged_in_to(api: Served) -> None:
    for headers in ({"Authorization": f"Bearer {KEY}"}, {"X-API-Key": KEY}):
        me = httpx2.get(f"{api.address}/auth/me", headers=headers)
        assert me.json() == {"username": "operator", "role": ""}


def test_a_token_is_told_why_something_is_not_ready_as_a_key_is(api: Served) -> None:
    token = logged_in(api, ADMIN)
    assert api.get("/health/ready", headers={"X-API-Key": token}).status_code == 200


def test_the_login_is_healthy_without_a_credential(api: Served, demo: Served) -> None:
    for running in (api, demo):
        answer = httpx2.get(f"{running.address}/auth/health")
        assert answer.json() == {"status": "healthy", "service": "auth"}


def test_without_users_there_is_nothing_to_log_in_to(demo: Served) -> None:
    assert anonymous(demo, "/auth/login", json=ADMIN).status_code == 404
    assert anonymous(demo, "/token", data=ADMIN).status_code == 404
    assert httpx2.get(f"{demo.address}/auth/me").status_code == 401
    assert demo.get("/auth/me").json() == {"username": "operator", "role": ""}


def test_development_has_users_that_everybody_knows_and_says_so(start: Start) -> None:
    api = start(
        LLMOPS_AUTH="jwt", JWT_SECRET_KEY="9" + VARIABLES["JWT_SECRET_KEY"], ENVIRONMENT="dev"
    )
    for name, password in (("admin", "secret123"), ("user", "password123")):
        logged_in(api, {"username": name, "password": password})
    warnings = [line["message"] for line in api.log() if line["level"] == "WARNING"]
    assert "well-known passwords" in warnings[0]
