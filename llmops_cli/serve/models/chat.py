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
    """An answer whose head is known and whose body arrives in chunks, in the OpenAI dialect.

    ``status`` is a success or a fault of the caller (4xx). Reading ``chunks`` raises ModelError
    when the model fails half-way.
    """

    status: int
    content_type: bytes
    chunks: AsyncIterator[bytes]
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def is_stream(self) -> bool:
        """Whether the body is server-sent events, to be passed on chunk by chunk."""
        return self.content_type.startswith(EVENT_STREAM)


async def whole(body: bytes) -> AsyncIterator[bytes]:
    """Yield a body that is there already."""
    yield body


class ChatModel(Protocol):
    """Something that answers chat completions; ``owner`` is its name in the list of models."""

    @property
    def owner(self) -> str: ...

    def answer(self, call: ChatCall) -> AbstractAsyncContextManager[ChatAnswer]:
        """Ask the model. Raises ModelError; leaving the context gives up what is unread."""
        ...


class ModelError(Exception):
    """The model did not answer, and it is not the caller's fault.

    ``status`` is what the caller of the API gets. The message is safe to show: it holds no
    address, no credential and nothing that the upstream said.
    """

    status = 502
    code = "upstream_error"


class UpstreamUnreachableError(ModelError):
    """No connection to the upstream."""

    code = "upstream_unreachable"


class UpstreamTimeoutError(ModelError):
    """The upstream was silent for longer than its budget."""

    status = 504
    code = "upstream_timeout"


class UpstreamStatusError(ModelError):
    """The upstream answered with a status that is its own fault, or ours, but not the caller's."""

    code = "upstream_status"


class UpstreamAnswerError(ModelError):
    """The upstream's answer broke off or makes no sense."""

    code = "upstream_answer"


class ModelLoadingError(ModelError):
    """The model of the local engine is not loaded yet, or could not be."""

    status = 503
    code = "model_loading"
