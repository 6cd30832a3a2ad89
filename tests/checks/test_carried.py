"""Questions that a target carries itself: the same checks, without an address of plain HTTP."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from llmops_cli.checks.deadline import NoAnswerError
from llmops_cli.checks.http import Question, ask, open_client
from llmops_cli.checks.probe import read_release
from llmops_cli.checks.stream import Stream, listen
from llmops_cli.core.carrier import Carried, CarrierError, TooLateError
from llmops_cli.core.secret import Secret

URL = "https://cloud.example/v1/projects/p/endpoints/e"


@dataclass
class Reply:
    """An answer of so many chunks."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: Sequence[bytes | Exception]
    is_closed: bool = False

    def chunks(self) -> Iterator[bytes]:
        for chunk in self.body:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    def close(self) -> None:
        self.is_closed = True


@dataclass
class Carrier:
    """Answers as it is told, and notes what it was asked."""

    answer: Callable[[], Reply]
    asked: list[Carried] = field(default_factory=list)

    def carry(self, asked: Carried) -> Reply:
        self.asked.append(asked)
        return self.answer()


def test_a_question_is_carried_whole_and_its_answer_too() -> None:
    reply = Reply(201, [("x-release", "abc"), ("content-type", "text/plain")], [b"on", b"e"])
    carrier = Carrier(lambda: reply)
    question = Question("POST", "/sessions?a=b", b"{}", Secret("s" * 20), {"x-request-id": "r"})
    with open_client(URL, 7, carrier=carrier) as client:
        answer = ask(client, question)
    assert (answer.status, answer.body, answer.headers["x-release"]) == (201, b"one", "abc")
    (asked,) = carrier.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/sessions?a=b", b"{}")
    assert (asked.headers["authorization"], asked.headers["x-request-id"]) == (
        f"Bearer {'s' * 20}",
        "r",
    )
    assert (asked.seconds, reply.is_closed) == (7.0, True)


def test_who_answers_is_read_from_what_is_carried() -> None:
    carrier = Carrier(lambda: Reply(200, [], [b'{"release": "0123456789ab"}']))
    with open_client(URL, carrier=carrier) as client:
        assert read_release(client) == "0123456789ab"


def test_a_stream_is_listened_to_as_any_other() -> None:
    chunk = b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n'
    headers = [("content-type", "text/event-stream")]
    carrier = Carrier(lambda: Reply(200, headers, [chunk, chunk, b"data: [DONE]\n\n"]))
    with open_client(URL, carrier=carrier) as client:
        heard = listen(client, Question("POST", "/v1/chat/completions", b"{}"))
    assert isinstance(heard, Stream)
    assert (len(heard.chunks), heard.ended) == (2, True)


@pytest.mark.parametrize(
    ("error", "words"),
    [(TooLateError("late"), "no complete answer within"), (CarrierError("refused"), "refused")],
)
def test_no_answer_is_told_as_for_any_other_address(error: Exception, words: str) -> None:
    def fails() -> Reply:
        raise error

    for carrier in (Carrier(fails), Carrier(lambda: Reply(200, [], [b"a", error]))):
        with (
            open_client(URL, carrier=carrier) as client,
            pytest.raises(NoAnswerError, match=words),
        ):
            ask(client, Question("GET", "/version"))
