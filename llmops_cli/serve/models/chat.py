"""The words of a chat completion: a call, an answer, and what can answer."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

EVENT_STREAM = b"text/event-stream"
JSON = b"application/json"


@dataclass(frozen=True)
class ChatCall:
    """A request for a chat completion: the JSON bytes for the model, and what they hold."""

    body: bytes
    fields: Mapping[str, Any]

    @property
    def model(self) -> str:
        """The name of the model that is asked."""
        return str(self.fields["model"])

    @property
    def wants_stream(self) -> bool:
        """Whether the answer is wanted as server-sent events."""
        return self.fields.get("stream") is True


@dataclass(frozen=True)
class ChatAnswer:
    """An answer in the OpenAI dialect: whole in ``body``, or arriving in ``chunks``.

    ``status`` is a success or a fault of the caller (4xx). ``chunks`` yields b"" when nothing has
    come for a while, so that the caller of the API can be told that somebody is still there.
    Reading it raises ModelError when the model fails half-way.
    """

    status: int
    content_type: bytes
    body: bytes = b""
    chunks: AsyncIterator[bytes] | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()


class ChatModel(Protocol):
    """Something that answers chat completions; ``owner`` is its name in the list of models."""

    @property
    def owner(self) -> str: ...

    def answer(self, call: ChatCall) -> AbstractAsyncContextManager[ChatAnswer]:
        """Ask the model. Raises ModelError; leaving the context gives up what is unread."""
        ...


class ModelError(Exception):
    """The model did not answer, and it is not the caller's fault.

    ``status`` is what the caller of the API gets, ``code`` what programs tell errors apart by, and
    ``retry_after`` how many seconds to wait with the next try, where that is known. The message is
    safe to show: it holds no address, no credential and nothing that the upstream said.
    """

    status = 502
    code = "upstream_error"
    #: What the error is called outside of /v1.
    title = "BadGateway"

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UpstreamUnreachableError(ModelError):
    """No connection to the upstream."""

    code = "upstream_unreachable"


class UpstreamTimeoutError(ModelError):
    """The upstream was silent for longer than its budget."""

    status = 504
    code = "upstream_timeout"
    title = "GatewayTimeout"


class UpstreamStatusError(ModelError):
    """The upstream answered with a status of its own fault (5xx)."""

    code = "upstream_status"


class UpstreamRefusedUsError(ModelError):
    """The upstream refused our credential, or sent us elsewhere: a retry would change nothing."""

    code = "upstream_status"


class UpstreamAnswerError(ModelError):
    """The upstream's answer broke off or makes no sense."""

    code = "upstream_answer"


class CircuitOpenError(ModelError):
    """Every upstream of the model has failed so often that it is left alone for a while."""

    status = 503
    code = "circuit_open"
    title = "ServiceUnavailable"


class ModelLoadingError(ModelError):
    """The model of the local engine is not loaded yet, or could not be."""

    status = 503
    code = "model_loading"
    title = "ServiceUnavailable"
