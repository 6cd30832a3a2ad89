"""How tests of targets on Google Cloud let things go wrong, and what is to come of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from tests.fakes.call import Reply
from tests.fakes.gcp.cloud import GcpCloud
from tests.fakes.gcp.project import GcpProject


class Stage(Protocol):
    """A cloud, and a project with commits, of which the newest is to be deployed."""

    cloud: GcpCloud
    project: GcpProject

    @property
    def commits(self) -> list[str]: ...
    def configure(self, **lines: object) -> str: ...


Kind = TypeVar("Kind", bound=Stage)
Arrange = Callable[[Any], object]


@dataclass(frozen=True)
class Fault(Generic[Kind]):
    """What a test arranges, and what comes of it: the exit status, and a part of the report.

    With status 0 the new release serves; else the old one does, unless ``serving`` says which.
    """

    name: str
    arrange: Callable[[Kind], object]
    status: int
    says: str = ""
    serving: str = ""


def new_image(stage: Stage) -> str:
    """The digest of the image that is to be deployed."""
    return stage.project.images[stage.commits[-1]].partition("@")[2]


def image(manner: str, **lines: object) -> Arrange:
    """Let the new image behave so, with other lines in the project's file."""

    def arrange(stage: Stage) -> None:
        if lines:
            stage.configure(**lines)
        log = "A line of its log.\n"
        stage.cloud.containers.script(new_image(stage), manner, log=log)  # type: ignore[arg-type]

    return arrange


def environment(**variables: str) -> Arrange:
    """Lay these variables over those of the new release."""
    return lambda stage: stage.cloud.containers.script(new_image(stage), environment=variables)


def answers(operation: str, reply: Reply, times: int | None = 1, after: int = 0) -> Arrange:
    """Answer an operation so."""
    return lambda stage: stage.cloud.faults.on(operation, reply, times=times, after=after)


def does(operation: str, do: Arrange, after: int = 0) -> Arrange:
    """Let something happen when an operation is asked for, which goes its way then."""

    def arrange(stage: Stage) -> None:
        def act(call: object) -> None:
            do(stage)

        stage.cloud.faults.on(operation, act, times=1, after=after)

    return arrange


def lost(operation: str, after: int = 0) -> Arrange:
    """Let an operation be done, and its answer be lost."""
    return lambda stage: stage.cloud.faults.lose(operation, after=after)


def is_true(state: str, serving: str, status: int) -> bool:
    """Whether a report says what is serving: who it is, or that nothing was changed."""
    if status == 9:
        return bool(state)
    told = f"{serving} is serving" in state or f"{serving} has all the traffic" in state
    return told or "Nothing was changed" in state or "is serving still" in state
