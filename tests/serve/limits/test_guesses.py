"""Guessing credentials is slowed down, and a good key is not locked out by it."""

from tests.serve.conftest import Start
from tests.serve.served import Served


def _guess(api: Served, key: str = "wrong-key") -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return api.get("/v1/models", headers=headers).status_code


def test_wrong_keys_are_refused_with_429_after_a_while(start: Start) -> None:
    api = start(LLMOPS_FAILED_AUTH_LIMIT="3")
    assert [_guess(api) for _ in range(5)] == [401, 401, 401, 429, 429]
    refused = api.get("/v1/models", headers={"Authorization": "Bearer wrong"})
    assert refused.json()["error"]["code"] == "too_many_wrong_credentials"
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert "www-authenticate" not in refused.headers
    assert refused.headers["x-request-id"].startswith("req_")


def test_a_good_key_at_the_same_address_goes_on(start: Start) -> None:
    api = start(LLMOPS_FAILED_AUTH_LIMIT="1")
    assert [_guess(api) for _ in range(3)] == [401, 429, 429]
    assert api.get("/v1/models").status_code == 200
    assert api.chat("Hello").status_code == 200
    assert api.get("/health").status_code == 200


def test_a_request_without_a_credential_is_no_guess(start: Start) -> None:
    api = start(LLMOPS_FAILED_AUTH_LIMIT="1")
    del api.client.headers["Authorization"]
    assert [api.get("/v1/models").status_code for _ in range(3)] == [401, 401, 401]


def test_after_too_many_guesses_no_password_is_looked_at(start: Start) -> None:
    api = start(LLMOPS_FAILED_AUTH_LIMIT="1")
    assert _guess(api) == 401
    for path in ("/auth/login", "/token"):
        assert api.post(path, {"username": "a", "password": "b"}).status_code == 429


def test_the_limit_can_be_turned_off(start: Start) -> None:
    api = start(LLMOPS_FAILED_AUTH_LIMIT="0")
    assert {_guess(api) for _ in range(40)} == {401}
