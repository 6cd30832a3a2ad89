"""Lets a client ask by way of a carrier, as if the API were at the client's address."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx2

from llmops_cli.core.carrier import Carried, Carrier, CarrierError, Reply, TooLateError

#: What is between two neighbours, and not for who answers.
_OF_THE_CONNECTION = frozenset({"connection", "content-length", "host", "transfer-encoding"})


@dataclass(frozen=True)
class CarriedTransport(httpx2.BaseTransport):
    """Gives requests to a carrier. ``base`` is the path of the client's address."""

    carrier: Carrier
    base: str

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Carry one request, and return the answer with its body unread."""
        try:
            reply = self.carrier.carry(self._carried(request))
        except TooLateError as error:
            raise httpx2.ReadTimeout(str(error), request=request) from error
        except CarrierError as error:
            raise httpx2.ConnectError(str(error), request=request) from error
        return httpx2.Response(
            reply.status, headers=list(reply.headers), stream=_Stream(reply), request=request
        )

    def _carried(self, request: httpx2.Request) -> Carried:
        kept = {k: v for k, v in request.headers.items() if k not in _OF_THE_CONNECTION}
        path = request.url.raw_path.decode("ascii").removeprefix(self.base)
        timeout = request.extensions.get("timeout", {})
        return Carried(request.method, path, kept, request.read(), float(timeout.get("read") or 10))


@dataclass(frozen=True)
class _Stream(httpx2.SyncByteStream):
    reply: Reply

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self.reply.chunks()
        except TooLateError as error:
            raise httpx2.ReadTimeout(str(error)) from error
        except CarrierError as error:
            raise httpx2.ReadError(str(error)) from error

    def close(self) -> None:
        self.reply.close()
