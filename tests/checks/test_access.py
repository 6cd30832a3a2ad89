"""The API refuses whoever has no credential, or a wrong one."""

import pytest

from tests.checks.asking import FAILED, PASSED, SKIPPED, asked, subject
from tests.checks.faulty_servers import Asked, Reply, as_json, serving
from tests.checks.good_api import GoodApi

BOTH = ("refuses-missing-credential", "refuses-wrong-credential")


def verdicts(route, **details: object) -> set[object]:
    with serving(route) as server:
        results = asked(subject(server.url, **details), *BOTH)
    return {result.verdict for result in results.values()}


def test_an_api_with_a_lock_passes_whether_or_not_the_key_is_known() -> None:
    assert verdicts(GoodApi()) == {PASSED}
    assert verdicts(GoodApi(), credential=None) == {PASSED}


def test_an_open_api_fails_where_a_credential_was_given() -> None:
    assert verdicts(GoodApi(key="")) == {FAILED}


def test_an_open_api_is_skipped_where_no_credential_was_given() -> None:
    assert verdicts(GoodApi(key=""), credential=None) == {SKIPPED}


def test_a_server_without_the_route_fails() -> None:
    assert verdicts(lambda _: Reply(404)) == {FAILED}


@pytest.mark.parametrize("status", [200, 500, 302])
def test_only_a_refusal_is_a_refusal(status: int) -> None:
    assert verdicts(lambda _: Reply(status)) == {FAILED}


def test_a_server_that_reads_the_body_before_the_credential_is_asked_with_a_sound_body() -> None:
    def body_first(one: Asked) -> Reply:
        return as_json({"detail": "no"}, 401 if one.fields.get("messages") else 422)

    assert verdicts(body_first) == {PASSED}


def test_a_wrong_key_that_is_let_in_is_told_apart_from_a_missing_one() -> None:
    def any_key_will_do(one: Asked) -> Reply:
        return as_json({}, 400 if one.key else 401)

    with serving(any_key_will_do) as server:
        results = asked(subject(server.url), *BOTH)
    assert results["refuses-missing-credential"].verdict is PASSED
    assert results["refuses-wrong-credential"].verdict is FAILED


def test_an_address_that_had_too_many_wrong_credentials_is_refused() -> None:
    fault = {"error": {"message": "Too many", "code": "too_many_wrong_credentials"}}
    assert verdicts(lambda _: as_json(fault, 429)) == {PASSED}


def test_a_request_that_was_throttled_was_not_let_in_and_is_not_known_to_be_refused() -> None:
    with serving(lambda _: as_json({"error": {"code": "rate_limited"}}, 429)) as server:
        results = asked(subject(server.url), *BOTH)
    assert {result.verdict for result in results.values()} == {FAILED}
    assert all("is not known" in result.evidence for result in results.values())


def test_litellm_without_a_database_refuses_in_its_own_way() -> None:
    fault = {"error": {"message": "No connected db.", "type": "no_db_connection", "code": "400"}}
    assert verdicts(lambda _: as_json(fault, 400)) == {PASSED}


def test_a_server_that_breaks_is_not_said_to_let_anybody_in() -> None:
    with serving(lambda _: Reply(500)) as server:
        found = asked(subject(server.url), *BOTH)
    assert all("is not known" in found[name].evidence for name in BOTH)
