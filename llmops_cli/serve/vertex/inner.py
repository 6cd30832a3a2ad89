"""A request to one of the API's own routes that did not come over the wire as such."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llmops_cli.serve.access.gate import LET_IN


@dataclass(frozen=True)
class Request:
    """What is asked. ``is_let_in`` is whether the platform has looked at who asks."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_let_in: bool = False

    def scope(self, outer: Scope) -> Scope:
        """Return the scope of this request, which came with another one."""
        path, _, query = self.path.partition("?")
        made = {
            **outer,
            "method": self.method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [*_kept(outer), *self._headers()],
        }
        # Another door, another lock: what a wrapped request presents is looked at.
        made.pop(LET_IN, None)
        return {**made, LET_IN: True} if self.is_let_in else made

    def receiving(self, outer: Receive) -> Receive:
        """Return what gives this request's body, and then what becomes of the connection."""
        is_read = False

        async def receive() -> Message:
            nonlocal is_read
            if is_read:
                return await outer()
            is_read = True
            return {"type": "http.request", "body": self.body, "more_body": False}

        return receive

    def _headers(self) -> list[tuple[bytes, bytes]]:
        own = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        if "content-type" not in self.headers and self.body:
            own.append((b"content-type", b"application/json"))
        return [*own, (b"content-length", b"%d" % len(self.body))]


@dataclass
class Answer:
    """A complete answer of a route."""

    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    async def take(self, message: Message) -> None:
        """Take a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {
                name.decode("latin-1"): value.decode("latin-1")
                for name, value in message["headers"]
            }
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")


async def ask(app: ASGIApp, outer: Scope, request: Request, receive: Receive) -> Answer:
    """Ask, and return the whole answer."""
    answer = Answer()
    taking: Send = answer.take
    await app(request.scope(outer), request.receiving(receive), taking)
    return answer


def _kept(outer: Scope) -> list[tuple[bytes, bytes]]:
    """Return what is true of the whole exchange: who was called, and for whom."""
    kept = (b"host", b"x-forwarded-for", b"x-forwarded-proto", b"forwarded")
    return [(name, value) for name, value in outer["headers"] if name in kept]
