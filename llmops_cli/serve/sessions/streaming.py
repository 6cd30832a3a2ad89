"""An answer that is passed on as it comes, and kept when it has come to a good end."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

from llmops_cli.serve.models.chat import ModelError, UpstreamAnswerError
from llmops_cli.serve.sessions.session import SessionNotFoundError, StoreUnavailableError

#: Characters of an answer, far more than any model says.
_LONGEST = 16 * 1024 * 1024

Keep = Callable[[str], Awaitable[None]]


class TurnNotKeptError(ModelError):
    """The model has answered, but the turn could not be kept."""

    status = 503
    code = "turn_not_kept"
    title = "ServiceUnavailable"


async def kept(chunks: AsyncIterator[bytes], keep: Keep) -> AsyncIterator[bytes]:
    """Yield the chunks of a stream, and give its text to ``keep`` before the one that ends it.

    So a client that has seen the end may rely on the turn, also at another replica. Raises
    ModelError when the stream ends early or cannot be kept; then nothing has been.
    """
    transcript = Transcript()
    is_kept = False
    async for chunk in chunks:
        transcript.read(chunk)
        if transcript.is_over and not is_kept:
            await _keep(transcript, keep)
            is_kept = True
        yield chunk
    if not is_kept:
        await _keep(transcript, keep)


async def _keep(transcript: "Transcript", keep: Keep) -> None:
    if not transcript.has_ended_well:
        raise UpstreamAnswerError("The upstream's answer ended too early")
    try:
        await keep(transcript.text)
    except (SessionNotFoundError, StoreUnavailableError) as error:
        raise TurnNotKeptError("The answer could not be kept") from error


class Transcript:
    """The text of the first choice in a stream of the OpenAI dialect, wherever its chunks break."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._line = b""
        self._length = 0
        self._is_finished = False
        self._has_failed = False
        #: Whether the event that ends a stream has come.
        self.is_over = False

    @property
    def text(self) -> str:
        """All that has been said."""
        return "".join(self._parts)

    @property
    def has_ended_well(self) -> bool:
        """Whether the model has said that it is done, and reported no failure."""
        return (self._is_finished or self.is_over) and not self._has_failed

    def read(self, chunk: bytes) -> None:
        """Take in the next bytes. Raises UpstreamAnswerError when they are far too many."""
        self._length += len(chunk)
        if self._length > _LONGEST:
            raise UpstreamAnswerError("The upstream's answer is too long to be kept")
        *lines, self._line = (self._line + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                self._take(line[5:].strip())

    def _take(self, data: bytes) -> None:
        if data == b"[DONE]":
            self.is_over = True
            return
        try:
            event = json.loads(data)
            choices = event.get("choices")
            self._has_failed = self._has_failed or "error" in event
            # An event with the tokens of the whole answer has none.
            if choices and choices[0].get("index", 0) == 0:
                self._parts.append(choices[0].get("delta", {}).get("content") or "")
                self._is_finished = self._is_finished or bool(choices[0].get("finish_reason"))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            self._has_failed = True
