"""Operations that take a while: followed by signed addresses, done after some looks."""

import secrets
import urllib.parse
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fakes.call import Call, Reply, refusal

Kind = Literal["async", "location", "both"]
SUBSCRIPTION = "bbbbbbbb-0000-4000-8000-00000000000b"
PATH = "/operation-of-the-fake/"


@dataclass
class Running:
    """One operation. ``polls`` is how often it is still under way when asked; None: for ever."""

    name: str
    polls: int | None
    done: Callable[[], Any] | None
    result: Callable[[], Any] | None
    failure: tuple[str, str] | None
    retry_after: int | None
    is_over: bool = False
    looks: int = 0
    #: Queries that it was handed out with; another one is not signed.
    signed: set[str] = field(default_factory=set)

    def look(self) -> bool:
        """Count a look, and say whether it is over."""
        self.looks += 1
        if self.polls is not None and self.looks > self.polls:
            self.finish()
        return self.is_over

    def finish(self) -> None:
        """Let it be over, whoever looks."""
        if self.is_over:
            return
        self.is_over = True
        if self.done is not None and self.failure is None:
            self.done()


@dataclass
class Operations:
    """All of them, by name."""

    url: str
    violations: list[str]
    running: dict[str, Running] = field(default_factory=dict)

    def start(
        self,
        kind: Kind = "async",
        polls: int | None = 2,
        done: Callable[[], Any] | None = None,
        result: Callable[[], Any] | None = None,
        failure: tuple[str, str] | None = None,
        *,
        retry_after: int | None = None,
    ) -> dict[str, str]:
        """Begin one, and return the headers of the 201 or 202 that says so.

        ``done`` is called once, when it is over and did not fail; ``result`` makes the document
        that its ``Location`` answers then.
        """
        made = Running(str(uuid.uuid4()), polls, done, result, failure, retry_after)
        self.running[made.name] = made
        headers = {}
        if kind in ("async", "both"):
            headers["Azure-AsyncOperation"] = self._address(made, "status")
        if kind in ("location", "both"):
            headers["Location"] = self._address(made, "result")
        return {**headers, **_waiting(made)}

    def settle(self) -> None:
        """Let all that are under way be over now, except those that never are."""
        for one in list(self.running.values()):
            if one.polls is not None:
                one.finish()

    def answer(self, call: Call, raw_query: str) -> Reply:
        """Answer a look at one of them."""
        what, name = call.path.removeprefix(PATH).split("/")
        one = self.running.get(name)
        if one is None:
            return refusal(404, "NotFound", f"There is no operation {name}.")
        if raw_query not in one.signed:
            self.violations.append(f"{call.path}: the signed query was changed to {raw_query}")
            return refusal(403, "AuthorizationFailed", "The signature does not match.")
        is_over = one.look()
        return self._status(one, call) if what == "status" else self._result(one, is_over)

    def _status(self, one: Running, call: Call) -> Reply:
        state = "InProgress" if not one.is_over else "Failed" if one.failure else "Succeeded"
        document: dict[str, Any] = {"id": call.path, "name": one.name, "status": state}
        document["startTime"] = "2026-04-09T19:26:59.1757553"
        if one.is_over and one.failure:
            document["error"] = {"code": one.failure[0], "message": one.failure[1]}
        return Reply(200, document, {} if one.is_over else _waiting(one))

    def _result(self, one: Running, is_over: bool) -> Reply:
        if not is_over:
            # The address may change from look to look: the newest is the one to ask.
            return Reply(202, None, {"Location": self._address(one, "result"), **_waiting(one)})
        if one.failure:
            return refusal(409, *one.failure)
        return Reply(200, one.result() if one.result else None)

    def _address(self, one: Running, what: str) -> str:
        signs = {name: secrets.token_urlsafe(n) for name, n in (("c", 90), ("s", 60), ("h", 12))}
        since = {"api-version": "2025-01-01", "azureAsyncOperation": "true", "t": "639113200"}
        # Signatures hold characters that are written in more than one way.
        query = urllib.parse.urlencode({**since, **signs, "e": "a/b+c=="})
        one.signed.add(query)
        return f"{self.url}{PATH}{what}/{one.name}?{query}"


def _waiting(one: Running) -> dict[str, str]:
    return {} if one.retry_after is None else {"Retry-After": str(one.retry_after)}
