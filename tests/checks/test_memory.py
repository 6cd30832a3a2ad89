"""A session remembers what it was told, until it ends."""

import pytest

from tests.checks.asking import FAILED, PASSED, SKIPPED, ask_one, subject
from tests.checks.faulty_servers import Asked, Reply, as_json, serving
from tests.checks.good_api import GoodApi, Mumbling, assistant


class Forgetful(GoodApi):
    """Keeps a session but loses what was said in it."""

    def _message(self, name: str, said: list[str], message: str) -> Reply:
        reply = super()._message(name, said, message)
        said.clear()
        return reply


class Immortal(GoodApi):
    """Says that a session has ended, and goes on with it."""

    def _message(self, name: str, said: list[str], message: str) -> Reply:
        if message == "end":
            return as_json(assistant("Session ended.", ended=True))
        return super()._message(name, said, message)


def memory_of(api: GoodApi, **details: object):
    with serving(api) as server:
        return ask_one("session-memory", subject(server.url, **details))


def test_a_session_that_recalls_and_ends_passes() -> None:
    result = memory_of(GoodApi())
    assert result.verdict is PASSED
    assert "404" in result.evidence


def test_a_session_that_forgets_fails() -> None:
    api = Forgetful()
    result = memory_of(api)
    assert result.verdict is FAILED
    assert "history" in result.evidence
    assert memory_of(Forgetful(), requires_recall=False).verdict is FAILED


def test_a_session_is_ended_also_when_its_check_fails() -> None:
    api = Forgetful()
    memory_of(api)
    assert api.sessions == {}


def test_a_model_that_cannot_recall_fails_unless_it_need_not() -> None:
    result = memory_of(Mumbling())
    assert result.verdict is FAILED
    assert "qzx" in result.evidence
    allowed = memory_of(Mumbling(), requires_recall=False)
    assert allowed.verdict is PASSED
    assert "history holds both turns" in allowed.evidence


def test_a_session_that_goes_on_after_its_end_fails() -> None:
    result = memory_of(Immortal())
    assert result.verdict is FAILED
    assert "after its end" in result.evidence


def test_an_api_without_sessions_is_skipped() -> None:
    api = GoodApi(faults={"POST /sessions": lambda _: Reply(404)})
    assert memory_of(api).verdict is SKIPPED


@pytest.mark.parametrize("name", ["../../admin", "a b", "", "x" * 200, 5, None])
def test_a_session_id_of_the_server_does_not_choose_the_path(name: object) -> None:
    asked_for: list[str] = []

    def created(one: Asked) -> Reply:
        return as_json({"session_id": name})

    api = GoodApi(faults={"POST /sessions": created})
    with serving(api) as server:
        result = ask_one("session-memory", subject(server.url))
        asked_for = [one.path for one in server.asked]
    assert result.verdict is FAILED
    assert set(asked_for) == {"/health", "/version", "/sessions"}
