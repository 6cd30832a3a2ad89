"""An API that passes every check, small enough to be read; faults are put in its place."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.checks.faulty_servers import KEY, RELEASE, Asked, Reply, Route, as_json

_MEBIBYTE = 1024 * 1024


@dataclass
class GoodApi:
    """Routes by method and path; ``faults`` go before them, whatever the credential."""

    key: str = KEY
    release: str | None = RELEASE
    sessions: dict[str, list[str]] = field(default_factory=dict)
    faults: dict[str, Route] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Reply:
        fault = self.faults.get(f"{asked.method} {asked.path}") or self.faults.get("*")
        reply = fault(asked) if fault else self._route(asked)
        echo = {"x-request-id": asked.headers.get("x-request-id", "none")}
        return Reply(reply.status, reply.body, {**echo, **reply.headers})

    def _route(self, asked: Asked) -> Reply:
        if asked.path in ("/health", "/health/ready"):
            return as_json({"status": "ok"})
        if asked.path == "/version":
            return as_json({"release": self.release}) if self.release else Reply(404)
        if self.key and asked.key != self.key:
            return as_json({"detail": "no"}, 401)
        if len(asked.body) > _MEBIBYTE:
            return as_json({"detail": "too large"}, 413)
        if asked.path == "/v1/models":
            return as_json({"data": [{"id": "demo"}, {"id": "other"}]})
        if asked.path == "/v1/chat/completions":
            return self._chat(asked)
        return self._session(asked) if asked.path.startswith("/sessions") else Reply(404)

    def _chat(self, asked: Asked) -> Reply:
        messages = asked.fields.get("messages")
        if not messages:
            return as_json({"error": {"message": "messages is missing"}}, 400)
        if asked.fields.get("stream"):
            return stream(sse_chunks(10))
        return as_json(completion(f"ready: {messages[-1]['content']}"))

    def _session(self, asked: Asked) -> Reply:
        if asked.path == "/sessions":
            name = str(uuid.uuid4())
            self.sessions[name] = []
            return as_json({"session_id": name})
        name = asked.path.split("/")[2]
        said = self.sessions.get(name)
        if said is None:
            return as_json({"detail": "Session not found or ended"}, 404)
        if asked.method == "GET":
            return as_json({"messages": [{"content": text} for text in said]})
        return self._message(name, said, asked.fields["message"])

    def _message(self, name: str, said: list[str], message: str) -> Reply:
        if message == "end":
            del self.sessions[name]
            return as_json(assistant("Session ended.", ended=True))
        said.append(message)
        told = re.findall(r"My name is (\w+)", " ".join(said))
        return as_json(assistant(f"You are {told[-1]}." if told else "Hello."))


class Mumbling(GoodApi):
    """Keeps every word, with a model that cannot repeat one."""

    def _message(self, name: str, said: list[str], message: str) -> Reply:
        reply = super()._message(name, said, message)
        return reply if message == "end" else as_json(assistant("qzx"))


def assistant(answer: str, *, ended: bool = False) -> dict[str, Any]:
    return {"ended": ended, "assistant": {"answer": answer}}


def completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {"model": "demo", "choices": [{"message": message, "finish_reason": "stop"}]}


def sse_chunks(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield b'data: {"choices": [{"delta": {"content": "%d "}}]}\n\n' % number
    yield b"data: [DONE]\n\n"


def stream(chunks: Iterator[bytes], **headers: str) -> Reply:
    return Reply(200, chunks, {"content-type": "text/event-stream", **headers})
