"""What the prediction service does with a request: it goes to a container, and comes back as is."""

import http.client
from contextlib import suppress
from dataclasses import dataclass, field, replace

from tests.fakes.call import Reply
from tests.fakes.fronts import SECONDS, Visit
from tests.fakes.server import HttpsServer, Incoming


@dataclass(frozen=True)
class Onward:
    """Where a request goes on to; ``headers`` are added to the answer."""

    address: tuple[str, int]
    path: str
    content: bytes
    kind: str
    headers: dict[str, str] = field(default_factory=dict)


class Gate(HttpsServer):
    """Answers requests, or passes them on."""

    def __init__(self, context: object, asked: object) -> None:
        super().__init__(context, asked, connection=Passage)  # type: ignore[arg-type]


class Passage(Visit):
    """A client's connection with the gate."""

    server: Gate  # type: ignore[assignment]

    def answer(self) -> None:
        """Answer one request, or pass on what a container says to it."""
        path, _, query = self.path.partition("?")
        reply = self.server.asked(Incoming(self.command, path, query, self.headers, self.content()))
        if isinstance(reply.body, Onward):
            self._go(reply.body, reply)
        else:
            self.send(reply)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def _go(self, onward: Onward, reply: Reply) -> None:
        upstream = http.client.HTTPConnection(*onward.address, timeout=SECONDS)
        # Google keeps the caller's headers to itself, also who it is.
        headers = {"Content-Type": onward.kind, "Accept": "*/*", "User-Agent": "Google-Vertex"}
        try:
            upstream.request("POST", onward.path, onward.content, headers)
            wire = upstream.sock
            answered = upstream.getresponse()
        except (OSError, http.client.HTTPException):
            upstream.close()
            self.send(replace(reply, status=503, body="upstream connect error"))
            return
        self.added = onward.headers
        with suppress(OSError):
            self._pass_back(answered, wire)
        self.added = {}
        upstream.close()
