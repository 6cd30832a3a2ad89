"""One request and what becomes known of it: what the log line, the metrics and the trace tell."""

import time
from contextvars import ContextVar
from typing import Protocol

from starlette.types import Scope

from llmops_cli.serve.access.caller import ANONYMOUS, Caller
from llmops_cli.serve.models.usage import Usage

#: nginx's word for a client that left before the answer began; it is only ever logged.
CLIENT_LEFT = 499


class Trace(Protocol):
    """The spans of an exchange, for whoever passes their context on or ends them."""

    @property
    def id(self) -> str:
        """The trace id, 32 hex digits."""
        ...

    @property
    def headers(self) -> bytes:
        """The header lines, each with its end, that tell an upstream which span calls it."""
        ...

    def called(self, model: str) -> None:
        """Note that a model is being asked now."""
        ...


class Exchange:
    """Facts that the parts of the server note down while they answer.

    Times are of ``time.perf_counter``, in seconds. ``None`` stands for what is not known (yet),
    such as the tokens of an upstream that reports none. ``status`` is what the client got;
    ``route`` is the template of the path, never the path itself. ``model`` is the one that was
    asked for, ``answering_model`` the one that stood in for it last, ``called_at`` when it was
    asked, and ``failure`` the code of the error that it ended in.
    """

    __slots__ = (
        "answering_model",
        "attempts",
        "called_at",
        "caller",
        "client",
        "completion_tokens",
        "cost",
        "ended_at",
        "failure",
        "first_chunk_at",
        "headers",
        "id",
        "incident_id",
        "is_stream",
        "method",
        "model",
        "path",
        "prompt_tokens",
        "route",
        "started_at",
        "status",
        "trace",
        "upstream",
    )

    def __init__(self, request_id: str, scope: Scope) -> None:
        self.id = request_id
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.route = ""
        self.client = ""
        self.status = CLIENT_LEFT
        #: Headers that the answer gets, whoever gives it.
        self.headers: tuple[tuple[bytes, bytes], ...] = ()
        self.started_at = time.perf_counter()
        self.ended_at: float | None = None
        self.caller: Caller = ANONYMOUS
        self.model = ""
        self.answering_model = ""
        self.called_at: float | None = None
        self.upstream = ""
        self.attempts = 0
        self.is_stream = False
        self.first_chunk_at: float | None = None
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None
        self.cost: float | None = None
        self.incident_id = ""
        self.failure = ""
        self.trace: Trace | None = None

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return (self.ended_at or time.perf_counter()) - self.started_at

    def end(self) -> None:
        """Note that nothing more will be sent."""
        self.ended_at = time.perf_counter()


#: The exchange that the running task answers. Outside of one, as in the engine or at the start,
#: there is none.
current: ContextVar[Exchange | None] = ContextVar("current", default=None)


def note_usage(usage: Usage | None) -> None:
    """Note the tokens of an answer, as far as they are known, for whoever is being answered."""
    exchange = current.get()
    if exchange is not None and usage is not None:
        exchange.prompt_tokens = usage.prompt_tokens
        exchange.completion_tokens = usage.completion_tokens
