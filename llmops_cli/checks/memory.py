"""Does a session remember what it was told, and forget it when it ends."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from llmops_cli.checks.api import Api, only_ours
from llmops_cli.checks.deadline import NoAnswerError
from llmops_cli.checks.documents import dig
from llmops_cli.checks.evidence import one_line
from llmops_cli.checks.probe import NO_SUCH_ROUTE
from llmops_cli.core.check import Finding, failed, passed, skipped
from llmops_cli.errors import CheckError

#: What may stand in a path; a server's answer decides no other part of an address.
_SESSION_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_QUESTION = "What is my name?"


def memory(api: Api) -> Finding:
    """Find whether a fact told to a session comes back, and whether ending it ends it."""
    if not api.identity.is_ours:
        return only_ours()
    created = api.post("/sessions", {})
    if created.status in NO_SUCH_ROUTE - {401, 403}:
        return skipped(f"the API keeps no sessions: {created.question} answered {created.status}")
    session = dig(api.expect_ok(created).document(), "session_id")
    if not isinstance(session, str) or not _SESSION_ID.fullmatch(session):
        return failed(f"{created.said} (no session_id)")
    with _ended(api, session):
        recalled = _tell_and_ask(api, session)
    return _judge_end(api, session, recalled)


def _tell_and_ask(api: Api, session: str) -> str:
    name = f"Robin{secrets.randbelow(90000) + 10000}"
    _say(api, session, f"My name is {name}.")
    answer = _say(api, session, _QUESTION)
    kept = _keeps(api, session, name)
    if name in answer:
        return f"it recalled {name}"
    if api.subject.requires_recall:
        raise CheckError(f"told the name {name}, it answered: {one_line(answer, 80)}{kept}")
    return f"the answer lacks {name}, as is allowed{kept}"


def _say(api: Api, session: str, message: str) -> str:
    answer = api.post(f"/sessions/{session}/message", {"message": message}, uses_model=True)
    said = dig(api.expect_ok(answer).document(), "assistant", "answer")
    if not isinstance(said, str):
        raise CheckError(f"{answer.said} (no assistant.answer)")
    return said


def _keeps(api: Api, session: str, name: str) -> str:
    """Say that the history holds both turns, or nothing where histories cannot be read."""
    answer = api.get(f"/sessions/{session}")
    if answer.status in NO_SUCH_ROUTE:
        return ""
    kept = api.expect_ok(answer).text
    if name not in kept or _QUESTION not in kept:
        raise CheckError(f"the history lacks what was said: {answer.said}")
    return "; the history holds both turns"


@contextmanager
def _ended(api: Api, session: str) -> Iterator[None]:
    """End the session when a check of it fails half-way."""
    try:
        yield
    except CheckError:
        _end_anyhow(api, session)
        raise


def _end_anyhow(api: Api, session: str) -> None:
    try:
        api.post(f"/sessions/{session}/message", {"message": "end"})
    except NoAnswerError:
        return


def _judge_end(api: Api, session: str, recalled: str) -> Finding:
    path = f"/sessions/{session}/message"
    ending = api.expect_ok(api.post(path, {"message": "end"}))
    if dig(ending.document(), "ended") is not True:
        return failed(f"end did not end the session: {ending.said}")
    after = api.post(path, {"message": "Are you there?"}, uses_model=True)
    if after.status != 404:
        return failed(f"the session answers after its end: {after.said}")
    return passed(f"{recalled}; ended, then 404")
