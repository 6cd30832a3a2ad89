"""Brings questions to releases behind an endpoint of Vertex AI, by raw and streaming predict."""

import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import httpx2

from llmops_cli.checks.http import is_loopback
from llmops_cli.clouds.gcp.trouble import without_secrets
from llmops_cli.core.carrier import Carried, CarrierError, TooLateError
from llmops_cli.errors import LlmopsError
from llmops_cli.targets.gcp_vertex.wrapping import (
    CONTENT_TYPE,
    MISDIRECTED,
    Head,
    is_stream,
    unwrapped,
    wrapped,
)

_OK = 200
#: Pauses between questions that another release answered; with 5 % of the traffic it takes twenty
#: of them until the right one does, and with bad luck a hundred.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.25
#: What Google itself says of a question that reached nobody, and the pauses before it is asked
#: again. What a release says is within an answer of its own.
_MAY_PASS = (429, 502, 503)
_PAUSES = (0.1, 0.3, 1.0)
_UNAUTHORIZED = 401
#: Seconds for which the right release is looked for, where a question itself has longer.
_SEARCH_SECONDS = 30.0


class SaidByGoogleError(CarrierError):
    """Google has answered, and no release."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"Vertex AI says {status}: {text}")
        self.status = status


@dataclass(frozen=True)
class Reply:
    """The answer of a route, as it comes."""

    head: Head
    rest: Iterator[bytes]
    response: httpx2.Response

    @property
    def status(self) -> int:
        """Its status."""
        return self.head.status

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        """Its headers."""
        return self.head.headers

    def chunks(self) -> Iterator[bytes]:
        """Yield its body."""
        with _told():
            yield from self.rest

    def close(self) -> None:
        """End it."""
        self.response.close()


@dataclass(frozen=True)
class PredictCarrier:
    """Asks the endpoint at ``address`` as whom ``token`` says; of several releases only ``release``
    answers, where one is named: any other says at once that it is another. ``token`` is given the
    one that Google has refused, to return another; or nothing. ``clock`` counts seconds.
    """

    address: Callable[[], str]
    token: Callable[[str], str]
    release: str = ""
    clock: Callable[[], float] = time.monotonic

    def carry(self, asked: Carried) -> Reply:
        """Ask until the release that is meant answers, within the time of the question.

        Raises:
            CarrierError: nobody answers, or Google lets nobody ask.
        """
        body = wrapped(asked, self.release)
        way = "streamRawPredict" if is_stream(asked) else "rawPredict"
        deadline = self.clock() + min(asked.seconds, _SEARCH_SECONDS)
        pause = _FIRST_PAUSE
        while True:
            reply = self._answered(way, body, asked.seconds)
            if reply.status != MISDIRECTED:
                return reply
            reply.close()
            if self.clock() + pause > deadline:
                raise TooLateError(f"only other releases than {self.release} answer")
            time.sleep(pause)
            pause = min(pause * 1.2, _LONGEST_PAUSE)

    def _answered(self, way: str, body: bytes, seconds: float) -> Reply:
        """Ask until it is a release that answers, or what Google says is not going to pass."""
        token, is_new = self._token(), False
        pauses = iter(_PAUSES)
        while True:
            try:
                return self._asked(way, body, seconds, token)
            except SaidByGoogleError as error:
                if error.status == _UNAUTHORIZED and not is_new:
                    token, is_new = self._token(token), True
                    continue
                pause = next(pauses, None)
                if error.status not in _MAY_PASS or pause is None:
                    raise
                time.sleep(min(pause, seconds))

    def _asked(self, way: str, body: bytes, seconds: float, token: str) -> Reply:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        with _told():
            request = self._client.build_request(
                "POST",
                f"{self.address()}:{way}",
                content=body,
                headers=headers,
                timeout=seconds,
            )
            response = self._client.send(request, stream=True)
            try:
                return _reply(response)
            except BaseException:
                response.close()
                raise

    def _token(self, refused: str = "") -> str:
        try:
            return self.token(refused)
        except LlmopsError as error:
            raise CarrierError(error.message) from error

    @cached_property
    def _client(self) -> httpx2.Client:
        context: ssl.SSLContext = httpx2.create_ssl_context()
        local = is_loopback(httpx2.URL(self.address()).host)
        return httpx2.Client(
            headers={"user-agent": "llmops", "accept-encoding": "identity"},
            verify=context,
            transport=httpx2.HTTPTransport(verify=context) if local else None,
        )


def _reply(response: httpx2.Response) -> Reply:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status_code == _OK and kind == CONTENT_TYPE:
        head, rest = unwrapped(response.iter_raw())
        return Reply(head, rest, response)
    text = response.read()[:500].decode("utf-8", "replace")
    if response.status_code == _OK:
        raise CarrierError(f"what answers the endpoint is no release of llmops: {text[:100]}")
    raise SaidByGoogleError(response.status_code, without_secrets(text))


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except httpx2.TimeoutException as error:
        raise TooLateError("no answer in time") from error
    except httpx2.TransportError as error:
        raise CarrierError(without_secrets(error) or type(error).__name__) from error
