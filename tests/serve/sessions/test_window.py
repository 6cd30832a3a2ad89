"""How much of a session goes to the model: whole turns, the newest first, by an estimate."""

import pytest

from llmops_cli.serve.sessions.session import Row
from llmops_cli.serve.sessions.window import Window, estimate
from tests.serve.conftest import Start, in_front_of
from tests.serve.scripted_upstream import ScriptedUpstream

#: Three turns of 10, 20 and 30 tokens.
ROWS = [
    Row("user" if place % 2 == 0 else "assistant", str(place), "2026", tokens)
    for place, tokens in enumerate((4, 6, 8, 12, 10, 20))
]


@pytest.mark.parametrize(
    ("tokens", "kept"),
    [(0, 6), (1, 0), (79, 4), (80, 6), (69, 2), (70, 4), (49, 0), (50, 2), (51, 2), (20, 0)],
)
def test_the_newest_turns_that_fit_are_kept_and_none_in_part(tokens: int, kept: int) -> None:
    assert Window(20, tokens).fitting(ROWS, spent=20) == ROWS[len(ROWS) - kept :]


@pytest.mark.parametrize(("rows", "kept"), [(1, 0), (2, 0), (3, 2), (20, 18), (21, 20)])
def test_the_new_message_has_its_place_among_the_rows(rows: int, kept: int) -> None:
    assert Window(rows, 0).kept_rows == kept


@pytest.mark.parametrize(("text", "tokens"), [("", 4), ("a", 5), ("abcd", 5), ("abcde", 6)])
def test_four_bytes_count_as_a_token(text: str, tokens: int) -> None:
    assert estimate(text) == tokens
    assert estimate("ä" * len(text)) == estimate("ab" * len(text))


def test_a_model_gets_only_the_turns_that_fit(start: Start, upstream: ScriptedUpstream) -> None:
    system = 100
    api = start(**in_front_of(upstream.base_url), LLMOPS_HISTORY_TOKENS=str(system + 240))
    session = api.new_session()
    for number in range(4):
        api.say(session, f"message {number} " + "x" * 390)
    said = upstream.calls[-1].messages[1:]
    assert [message["content"][:9] for message in said] == ["message 2", "Hello.", "message 3"]


def test_a_message_that_fits_into_no_window_goes_alone(
    start: Start, upstream: ScriptedUpstream
) -> None:
    api = start(**in_front_of(upstream.base_url), LLMOPS_HISTORY_TOKENS="1")
    session = api.new_session()
    api.say(session, "first")
    assert api.say(session, "second").status_code == 200
    assert [message["content"] for message in upstream.calls[-1].messages[1:]] == ["second"]
