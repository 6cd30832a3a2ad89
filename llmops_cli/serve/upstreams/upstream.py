"""An OpenAI-compatible server elsewhere: one attempt to have it answer one call."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from llmops_cli.serve.exchange import current, note_usage
from llmops_cli.serve.faults import openai_error_object
from llmops_cli.serve.models.chat import (
    JSON,
    ChatAnswer,
    ChatCall,
    UpstreamAnswerError,
    UpstreamRefusedUsError,
    UpstreamStatusError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)
from llmops_cli.serve.models.usage import StreamUsage, find
from llmops_cli.serve.upstreams.body import asks_usage_for_us, body_for
from llmops_cli.serve.upstreams.chunks import Chunks
from llmops_cli.serve.upstreams.connection import BrokenAnswerError, Connection
from llmops_cli.serve.upstreams.credentials import credential_for
from llmops_cli.serve.upstreams.pool import Origin, Pool
from llmops_cli.serve.upstreams.resilience import Resilience
from llmops_cli.serve.upstreams.settings import UpstreamSettings

#: Bytes of an answer that is not a stream.
_LARGEST_ANSWER = 64 * 1024 * 1024
#: Statuses that speak of our credential, not of the caller's request.
_OUR_FAULT = frozenset({401, 403, 407})
#: Statuses by which a server says that it was too slow or too early, and that one may try again.
_TRANSIENT = frozenset({408, 425})
#: Seconds of a Retry-After that are believed.
_LONGEST_WAIT = 3600
_PASSED_ON = (b"retry-after", b"x-ratelimit-")


@dataclass(frozen=True)
class Attempt:
    """An answer that has begun; ``close`` it when it has been read, or is given up."""

    answer: ChatAnswer
    close: Callable[[], None]


class HttpUpstream:
    """One upstream. What it says is passed on without touching it."""

    def __init__(self, settings: UpstreamSettings, resilience: Resilience) -> None:
        self.settings = settings
        self.name = settings.name
        self._resilience = resilience
        origin = Origin.of(settings.base_url)
        self._pool = Pool(origin, resilience.connect)
        self._credential = credential_for(settings)
        self._head = (
            f"POST {settings.path} HTTP/1.1\r\nHost: {origin.authority}\r\n"
            "Content-Type: application/json\r\nUser-Agent: llmops\r\n"
            "Accept-Encoding: identity\r\n"
        ).encode()

    async def ask(self, call: ChatCall, model: str, deadline: float) -> Attempt:
        """Post the call, for the model as the upstream calls it, and return what it answers.

        A redirect is a failure: following it could leak the key. Raises ModelError.
        """
        asks_usage = self.settings.stream_usage and asks_usage_for_us(call)
        body = body_for(call, model, asks_usage=asks_usage)
        request = await self._request(body)
        connection = await self._answering(request, deadline)
        try:
            return await self._attempt(connection, call, deadline, hides_usage=asks_usage)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    async def _request(self, body: bytes) -> bytes:
        credential = await self._credential.line()
        exchange = current.get()
        about = f"X-Request-ID: {exchange.id}\r\n" if exchange else ""
        trace = exchange.trace.headers if exchange and exchange.trace else b""
        length = f"Content-Length: {len(body)}\r\n\r\n"
        return b"".join((self._head, credential, about.encode(), trace, length.encode(), body))

    async def _answering(self, request: bytes, deadline: float) -> Connection:
        """Return a connection on which the head of an answer has come."""
        kept = self._pool.idle()
        if kept is not None:
            try:
                return await _asked(kept, request, deadline)
            except BrokenAnswerError:
                # The upstream closed it before our request came there: that is no failure yet.
                pass
        try:
            connection = await self._pool.connect(deadline)
        except TimeoutError as error:
            raise UpstreamTimeoutError("The upstream cannot be reached in time") from error
        except OSError as error:
            raise UpstreamUnreachableError("The upstream cannot be reached") from error
        try:
            return await _asked(connection, request, deadline)
        except BrokenAnswerError as error:
            raise UpstreamAnswerError("The upstream's answer broke off") from error

    async def _attempt(
        self, connection: Connection, call: ChatCall, deadline: float, *, hides_usage: bool
    ) -> Attempt:
        status = connection.status
        headers = tuple(h for h in connection.headers if h[0].startswith(_PASSED_ON))
        if status >= 300:
            self._refuse_faults(status, headers)
            body = await _rest(connection, deadline)
            self._pool.give_back(connection)
            fault = ChatAnswer(status, JSON, _fault(status, body), headers=headers)
            return Attempt(fault, _nothing)
        content_type = _content_type(connection)
        if call.wants_stream and content_type != JSON:
            chunks = Chunks(connection, self._resilience, StreamUsage(hides=hides_usage))
            await chunks.begin(deadline)
            answer = ChatAnswer(status, content_type, chunks=chunks, headers=headers)
            return Attempt(answer, lambda: self._pool.give_back(connection))
        body = await _rest(connection, deadline)
        self._pool.give_back(connection)
        note_usage(find(body))
        return Attempt(ChatAnswer(status, content_type, body, headers=headers), _nothing)

    def _refuse_faults(self, status: int, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        if status >= 500 or status in _TRANSIENT:
            raise UpstreamStatusError(
                f"The upstream answered {status}", retry_after=_retry_after(headers)
            )
        if status in _OUR_FAULT:
            self._credential.rejected()
        if status < 400 or status in _OUR_FAULT:
            raise UpstreamRefusedUsError(f"The upstream answered {status}")


def _nothing() -> None:
    """Close nothing: the connection is free again."""


async def _asked(connection: Connection, request: bytes, deadline: float) -> Connection:
    try:
        connection.send(request)
        await connection.head(deadline)
    except TimeoutError as error:
        connection.close()
        raise UpstreamTimeoutError("The upstream did not answer in time") from error
    except BaseException:
        connection.close()
        raise
    return connection


async def _rest(connection: Connection, deadline: float) -> bytes:
    try:
        return await connection.rest(deadline, most=_LARGEST_ANSWER)
    except TimeoutError as error:
        raise UpstreamTimeoutError("The upstream did not answer in time") from error
    except BrokenAnswerError as error:
        raise UpstreamAnswerError("The upstream's answer broke off") from error


def _content_type(connection: Connection) -> bytes:
    for name, value in connection.headers:
        if name == b"content-type":
            return JSON if value.startswith(JSON) else value
    return JSON


def _retry_after(headers: tuple[tuple[bytes, bytes], ...]) -> int | None:
    """Return the seconds of a Retry-After, which may be a number or a date (RFC 9110, 10.2.3)."""
    value = next((v.decode("latin-1") for name, v in headers if name == b"retry-after"), "")
    if value.isascii() and value.isdigit():
        return min(int(value[:9]), _LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0, min(math.ceil(moment.timestamp() - time.time()), _LONGEST_WAIT))


def _fault(status: int, body: bytes) -> bytes:
    """Return the words of the upstream if they are an OpenAI error, and otherwise one of ours."""
    try:
        has_our_shape = isinstance(json.loads(body)["error"], dict)
    except (ValueError, LookupError, TypeError, RecursionError):
        has_our_shape = False
    if has_our_shape:
        return body
    error = openai_error_object(status, f"The upstream answered {status}", code="upstream_status")
    return json.dumps({"error": error}).encode()
