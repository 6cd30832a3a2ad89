"""Listens to a stream of server-sent events and notes when each chunk came."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

from llmops_cli.checks.deadline import NoAnswerError, within
from llmops_cli.checks.documents import dig
from llmops_cli.checks.evidence import without
from llmops_cli.checks.http import Answer, Question, opened, read, seconds_for, too_late

#: Events after which a stream is given up: a short answer never needs as many.
_MOST_EVENTS = 20_000


@dataclass(frozen=True)
class Stream:
    """When the chunks came, in seconds after the question, and whether it ended as it should.

    The end is ``[DONE]``, or a reason to finish for servers that leave ``[DONE]`` out.
    """

    headers: Mapping[str, str]
    chunks: tuple[float, ...]
    ended: bool
    seconds: float

    @property
    def longest_gap(self) -> float:
        """The longest wait between two chunks, in seconds."""
        pairs = zip(self.chunks, self.chunks[1:], strict=False)
        return max((later - earlier for earlier, later in pairs), default=0.0)


def listen(client: httpx2.Client, question: Question) -> Stream | Answer:
    """Ask and listen to the end; what is not a stream comes back as a plain answer.

    Raises:
        NoAnswerError: there is no answer, or it does not end within the time allowed.
    """
    seconds = seconds_for(client, question)
    return within(seconds, lambda: _listen(client, question), late=too_late(question, seconds))


def _listen(client: httpx2.Client, question: Question) -> Stream | Answer:
    started = time.monotonic()
    with opened(client, question) as response:
        headers = {k: without(question.credential, v) for k, v in response.headers.items()}
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.status_code != 200 or kind != "text/event-stream":
            body = read(response, question)
            seconds = time.monotonic() - started
            return Answer(question, response.status_code, headers, body, seconds)
        chunks, ended = _chunks(response, question, started)
    return Stream(headers, chunks, ended, time.monotonic() - started)


def _chunks(
    response: httpx2.Response, question: Question, started: float
) -> tuple[tuple[float, ...], bool]:
    times: list[float] = []
    finished = False
    for count, event in enumerate(httpx2.EventSource(response)):
        if event.data.strip() == "[DONE]":
            return tuple(times), True
        if count >= _MOST_EVENTS:
            raise NoAnswerError(f"{question}: the stream does not end after {count} events")
        choice = dig(_parsed(event.data), "choices", 0)
        if choice is not None:
            times.append(time.monotonic() - started)
            finished = finished or bool(dig(choice, "finish_reason"))
    return tuple(times), finished


def _parsed(data: str) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
