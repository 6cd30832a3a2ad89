"""Operations of Google that take a while: asked about by name, and over after some time.

Time passes with the requests: each makes all that is under way a step older, whatever it asks. So
operations go on also while nobody looks at them.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tests.fakes.call import Call, Handler, Reply
from tests.fakes.gcp.answers import CODES, not_found, precondition
from tests.waiting import eventually

#: The answer of an operation that answers nothing.
EMPTY = {"@type": "type.googleapis.com/google.protobuf.Empty"}


@dataclass(frozen=True)
class Failure:
    """How an operation fails: a canonical code, and what is said."""

    code: str
    message: str


Done = Callable[[], dict[str, Any] | Failure | None]


@dataclass
class Running:
    """One operation. ``steps`` is how long it is under way; None: for ever.

    ``done`` is called when it should be over; it returns the answer, how it failed all the same, or
    None where that is not so yet.
    """

    name: str
    metadata: dict[str, Any]
    steps: int | None
    done: Done
    failure: Failure | None = None
    age: int = 0
    answer: dict[str, Any] | None = None
    is_over: bool = False
    looks: int = 0
    #: What the metadata say of how far it is, by its age.
    stages: tuple[str, ...] = ()

    def grow(self) -> None:
        """Let it be a step older."""
        self.age += 1
        if self.steps is not None and self.age > self.steps:
            self.finish()

    def finish(self) -> None:
        """Let it be over, if it can be."""
        if self.is_over:
            return
        found = self.failure or self.done()
        if found is None:
            return
        self.is_over = True
        if isinstance(found, Failure):
            self.failure = found
        else:
            self.answer = found

    def cancel(self) -> None:
        """Let it be over with nothing done."""
        if not self.is_over:
            self.is_over = True
            self.failure = Failure("CANCELLED", "The operation was cancelled.")

    def document(self) -> dict[str, Any]:
        """Return it as Google shows it."""
        shown: dict[str, Any] = {"name": self.name, "metadata": dict(self.metadata)}
        if self.stages and not self.is_over:
            stage = self.stages[min(self.age, len(self.stages) - 1)]
            shown["metadata"]["deploymentStage"] = stage
        if self.is_over:
            shown["done"] = True
        if self.is_over and self.failure:
            code = CODES[self.failure.code][0]
            shown["error"] = {"code": code, "message": self.failure.message}
        elif self.is_over:
            shown["response"] = self.answer
        return shown


@dataclass
class Operations:
    """All of them, by name. ``not_cancelled`` are kinds that a wish to cancel does not stop."""

    running: dict[str, Running] = field(default_factory=dict)
    _number: int = 1_000_000_000_000_000_000

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers about operations, whose they may be."""
        return {
            "Operations.GetOperation": self._get,
            "Operations.ListOperations": self._list,
            "Operations.CancelOperation": self._cancel,
            "Operations.WaitOperation": self._wait,
        }

    def start(
        self,
        parent: str,
        metadata: Mapping[str, Any],
        done: Done,
        *,
        steps: int | None = 2,
        failure: Failure | None = None,
        is_numbered: bool = True,
        stages: tuple[str, ...] = (),
    ) -> Reply:
        """Begin one below a resource, and return the answer that says so."""
        self._number += 4_096
        last = str(self._number) if is_numbered else str(uuid.uuid4())
        name = f"{parent}/operations/{last}"
        self.running[name] = Running(name, dict(metadata), steps, done, failure, stages=stages)
        if steps == 0:
            self.running[name].finish()
        return Reply(200, self.running[name].document())

    def grow(self) -> None:
        """Let everything be a step older."""
        for one in list(self.running.values()):
            one.grow()

    def settle(self) -> None:
        """Let everything be over that ends at all."""
        for one in list(self.running.values()):
            if one.steps is not None:
                eventually(partial(_is_finished, one))

    def under_way(self, parent: str) -> list[Running]:
        """Return those of a resource that are not over."""
        found = [one for name, one in self.running.items() if name.startswith(parent)]
        return [one for one in found if not one.is_over]

    def _get(self, call: Call) -> Reply:
        one = self._named(call)
        if one is None:
            return not_found(f"Operation {call.path}")
        one.looks += 1
        return Reply(200, one.document())

    def _wait(self, call: Call) -> Reply:
        one = self._named(call)
        if one is None:
            return not_found(f"Operation {call.path}")
        one.grow()
        return Reply(200, one.document())

    def _cancel(self, call: Call) -> Reply:
        one = self._named(call)
        if one is None:
            return not_found(f"Operation {call.path}")
        if one.is_over:
            return precondition(f"The operation {one.name} is over.")
        one.cancel()
        return Reply(200, {})

    def _list(self, call: Call) -> Reply:
        parent = call.parameters["name"].removesuffix("/operations")
        found = [
            one.document() for name, one in self.running.items() if name.startswith(f"{parent}/")
        ]
        return Reply(200, {"operations": found})

    def _named(self, call: Call) -> Running | None:
        # The number alone names it: its parent may be left out.
        last = call.parameters["name"].rpartition("/")[2]
        return next((one for name, one in self.running.items() if name.endswith("/" + last)), None)


def _is_finished(one: Running) -> bool:
    one.finish()
    return one.is_over


def generic(kind: str, **more: Any) -> dict[str, Any]:
    """Return the metadata of an operation of Vertex AI."""
    now = moment()
    return {
        "@type": f"type.googleapis.com/google.cloud.aiplatform.v1.{kind}",
        "genericMetadata": {"createTime": now, "updateTime": now},
        **more,
    }


def moment() -> str:
    """Return the time as Google writes it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
