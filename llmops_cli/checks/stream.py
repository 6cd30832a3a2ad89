"""Listens to a stream of server-sent events and notes when each chunk came."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx2

from llmops_cli.checks.deadline import NoAnswerError, within
from llmops_cli.checks.documents import dig
from llmops_cli.checks.evidence import without
from llmops_cli.checks.http import Answer, Question, opened, read, seconds_for, too_late

#: Events after which a stream is given up: a short answer never needs as many.
_MOST_EVENTS = 20_000


@dataclass(frozen=True)
class Event:
    """What matters of an event: when it came, in seconds after the question, and what it holds.

    A stream ends with ``[DONE]``, or with a reason to finish on servers that leave that out.
    """

    seconds: float
    has_choice: bool
    has_text: bool
    is_end: bool


@dataclass(frozen=True)
class Stream:
    """A stream that was listened to until the server ended it."""

    headers: Mapping[str, str]
    events: tuple[Event, ...]
    seconds: float

    @property
    def chunks(self) -> tuple[float, ...]:
        """When each chunk came that holds a choice."""
        return tuple(event.seconds for event in self.events if event.has_choice)

    @property
    def first_token(self) -> float | None:
        """When the first text came, which is often not in the first chunk."""
        return next((event.seconds for event in self.events if event.has_text), None)

    @property
    def longest_gap(self) -> float:
        """The longest wait between two chunks, in seconds."""
        pairs = zip(self.chunks, self.chunks[1:], strict=False)
        return max((later - earlier for earlier, later in pairs), default=0.0)

    @property
    def ended(self) -> bool:
        """Whether it ended as a stream should, and did not just break off."""
        return any(event.is_end for event in self.events)


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
        if response.status_code == 200 and kind == "text/event-stream":
            events = tuple(_events(response, question, started))
            return Stream(headers, events, time.monotonic() - started)
        body = read(response, question)
    return Answer(question, response.status_code, headers, body, time.monotonic() - started)


def _events(response: httpx2.Response, question: Question, started: float) -> Iterator[Event]:
    for count, event in enumerate(httpx2.EventSource(response)):
        if count >= _MOST_EVENTS:
            raise NoAnswerError(f"{question}: the stream does not end after {count} events")
        yield _event(event.data, time.monotonic() - started)
        if event.data.strip() == "[DONE]":
            return


def _event(data: str, seconds: float) -> Event:
    choice = dig(_parsed(data), "choices", 0)
    delta = dig(choice, "delta")
    return Event(
        seconds,
        has_choice=choice is not None,
        has_text=bool(dig(delta, "content") or dig(delta, "reasoning_content")),
        is_end=data.strip() == "[DONE]" or bool(dig(choice, "finish_reason")),
    )


def _parsed(data: str) -> object:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
