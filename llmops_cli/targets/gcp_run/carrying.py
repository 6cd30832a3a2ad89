"""Asks a service that lets in only those whom IAM does, with a token that says who we are."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import httpx2

from llmops_cli.checks.http import is_loopback
from llmops_cli.core.carrier import Carried, CarrierError, Reply, TooLateError
from llmops_cli.errors import LlmopsError

#: Cloud Run looks at this header first, and leaves `Authorization` to the API.
_HEADER = "x-serverless-authorization"

#: Gives the address to ask, and a token that says who asks.
Address = Callable[[], str]
Token = Callable[[], str]


@dataclass(frozen=True)
class Introduced:
    """Adds to every question a token that says who asks. Safe for several threads at once."""

    address: Address
    token: Token
    _clients: dict[str, httpx2.Client] = field(default_factory=dict, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def carry(self, asked: Carried) -> Reply:
        """Return the answer, whatever its status, with its body unread.

        Raises:
            CarrierError: there is none.
        """
        url = self.address()
        if not url:
            raise CarrierError("the service has no address yet")
        client = self._client(url)
        headers = {**asked.headers, _HEADER: f"Bearer {self._introduction()}"}
        request = client.build_request(
            asked.method, asked.path, headers=headers, content=asked.body, timeout=asked.seconds
        )
        try:
            return _Answered(client.send(request, stream=True))
        except httpx2.TimeoutException as error:
            raise TooLateError(str(error) or "no answer in time") from error
        except httpx2.TransportError as error:
            raise CarrierError(str(error) or type(error).__name__) from error

    def _introduction(self) -> str:
        try:
            return self.token()
        except LlmopsError as error:
            raise CarrierError(error.message) from error

    def _client(self, url: str) -> httpx2.Client:
        with self._lock:
            if url not in self._clients:
                verify = httpx2.create_ssl_context()
                near = is_loopback(httpx2.URL(url).host)
                self._clients[url] = httpx2.Client(
                    base_url=url,
                    verify=verify,
                    transport=httpx2.HTTPTransport(verify=verify) if near else None,
                )
            return self._clients[url]


@dataclass(frozen=True)
class _Answered:
    response: httpx2.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def headers(self) -> Sequence[tuple[str, str]]:
        return [(key, text) for key, text in self.response.headers.items()]

    def chunks(self) -> Iterator[bytes]:
        try:
            yield from self.response.iter_raw()
        except httpx2.TimeoutException as error:
            raise TooLateError(str(error) or "no answer in time") from error
        except httpx2.TransportError as error:
            raise CarrierError(str(error) or type(error).__name__) from error

    def close(self) -> None:
        self.response.close()
