"""An OpenAI-compatible server elsewhere, spoken to without touching what it says."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import aiohttp

from llmops_cli.serve.exchange import current
from llmops_cli.serve.faults import openai_error_object
from llmops_cli.serve.models.chat import (
    JSON,
    ChatAnswer,
    ChatCall,
    UpstreamAnswerError,
    UpstreamStatusError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
    whole,
)

#: Seconds to a TCP and TLS connection; a host that drops packets is found out early.
CONNECT_SECONDS = 5.0

#: Less than the five seconds after which common servers (uvicorn, Node, llama.cpp) close an idle
#: connection. A request sent just then is lost, and a POST cannot simply be sent again.
_KEEP_ALIVE_SECONDS = 4.0

#: Statuses that speak of our credential, not of the caller's request.
_OUR_FAULT = frozenset({401, 403, 407})
_PASSED_ON = (b"retry-after", b"x-ratelimit-")


@asynccontextmanager
async def open_client() -> AsyncIterator[aiohttp.ClientSession]:
    """Open the one client that all upstreams share. The number of connections is not limited."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "llmops", "Accept-Encoding": "identity"},
    ) as client:
        yield client


class HttpUpstream:
    """One upstream. ``seconds`` limits a whole answer, or the silences of a streamed one."""

    def __init__(
        self, name: str, base_url: str, key: str, client: aiohttp.ClientSession, seconds: float
    ) -> None:
        self.owner = name
        self._url = f"{base_url}/chat/completions"
        self._client = client
        self._headers = {"Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        connect = min(CONNECT_SECONDS, seconds)
        self._whole = aiohttp.ClientTimeout(total=seconds, sock_connect=connect)
        self._stream = aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=seconds)

    @asynccontextmanager
    async def answer(self, call: ChatCall) -> AsyncIterator[ChatAnswer]:
        """Post the body as it is. A redirect is a failure: following it could leak the key."""
        with _as_model_errors():
            response = await self._client.post(
                self._url,
                data=call.body,
                headers={**self._headers, "X-Request-ID": _request_id()},
                timeout=self._stream if call.wants_stream else self._whole,
                allow_redirects=False,
            )
        async with response:
            yield await _answer(response)


async def _answer(response: aiohttp.ClientResponse) -> ChatAnswer:
    status = response.status
    is_callers = status < 300 or (400 <= status < 500 and status not in _OUR_FAULT)
    if not is_callers:
        raise UpstreamStatusError(f"The upstream answered {status}")
    headers = tuple(
        (name.lower(), value)
        for name, value in response.raw_headers
        if name.lower().startswith(_PASSED_ON)
    )
    if status >= 400:
        return ChatAnswer(status, JSON, whole(await _fault(response)), headers)
    content_type = response.headers.get("Content-Type", "application/json")
    return ChatAnswer(status, content_type.encode("latin-1", "replace"), _chunks(response), headers)


async def _fault(response: aiohttp.ClientResponse) -> bytes:
    """Return the words of the upstream if they are an OpenAI error, and otherwise one of ours."""
    with _as_model_errors():
        body = await response.read()
    try:
        has_our_shape = isinstance(json.loads(body)["error"], dict)
    except (ValueError, LookupError, TypeError, RecursionError):
        has_our_shape = False
    if has_our_shape:
        return body
    status = response.status
    error = openai_error_object(status, f"The upstream answered {status}", code="upstream_status")
    return json.dumps({"error": error}).encode()


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    tail = b""
    with _as_model_errors():
        async for chunk in response.content.iter_any():
            tail = (tail + chunk)[-64:]
            yield chunk
    if _ends_only_with_the_connection(response) and b"[DONE]" not in tail:
        raise UpstreamAnswerError("The upstream's answer broke off")


def _ends_only_with_the_connection(response: aiohttp.ClientResponse) -> bool:
    """Whether a death of the upstream looks just like the end of its stream."""
    is_framed = response.content_length is not None or response.headers.get("Transfer-Encoding")
    return not is_framed and response.content_type == "text/event-stream"


@contextmanager
def _as_model_errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise UpstreamTimeoutError("The upstream did not answer in time") from error
    except aiohttp.ClientConnectorError as error:
        raise UpstreamUnreachableError("The upstream cannot be reached") from error
    except (aiohttp.ClientError, ConnectionError) as error:
        raise UpstreamAnswerError("The upstream's answer broke off") from error


def _request_id() -> str:
    exchange = current.get()
    return exchange.id if exchange else "-"
