"""What a target stands on, and what makes it: planned, applied, read and destroyed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from llmops_cli.core.estimate import Estimate

#: Takes one line of what is under way, as it comes.
Tell = Callable[[str], None]


class Action(StrEnum):
    """What becomes of one part of the infrastructure."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DESTROY = "destroy"


@dataclass(frozen=True)
class Change:
    """A part of the infrastructure, by its address, and what becomes of it.

    ``because`` names the settings that change, or those that force a replacement.
    """

    address: str
    action: Action
    because: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """What an apply would do, kept in a file that is applied as it is and nothing else.

    ``changes_outputs`` says that values which the project reads would change; ``text`` is the
    whole plan for people, without the values that are secret, where it was asked for. The file may
    hold such values: it lies in the folder that the plan was asked for with. ``advice`` is what the
    operator should look at by hand, a sentence each: nothing is done about it. ``estimate`` is what
    all of it costs a month, where prices of that cloud are known.
    """

    changes: tuple[Change, ...]
    changes_outputs: bool
    text: str
    file: Path
    advice: tuple[str, ...] = ()
    estimate: Estimate | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes and not self.changes_outputs

    def count(self, action: Action) -> int:
        """Return how many parts that becomes of."""
        return sum(change.action is action for change in self.changes)


class Infrastructure(Protocol):
    """What makes the infrastructure of one target.

    Every method raises PreflightError where its program is missing, AccessError where it is not
    let in, and LockedError where somebody else is changing the same infrastructure.
    """

    @property
    def target(self) -> str:
        """The target that it is for."""
        ...

    @property
    def place(self) -> str:
        """Where its description is, relative to the project."""
        ...

    @property
    def has_state(self) -> bool:
        """Whether it is described by files of the project, and keeps its state in an account.

        What it says of itself is then written into the project file.
        """
        ...

    def plan(
        self, folder: Path, tell: Tell, *, destroying: bool = False, in_full: bool = False
    ) -> Proposal:
        """Return what an apply would do, or what destroying would. Changes nothing.

        The plan is kept in ``folder``, which nobody else may read and which is there until the
        plan is applied or dropped.
        """
        ...

    def apply(self, proposal: Proposal, tell: Tell) -> None:
        """Do exactly what was proposed.

        Raises:
            DeployError: it was not done wholly; the error says what was and what was not.
            InterruptedByOperatorError: the operator interrupted; the lock is released.
        """
        ...

    def outputs(self) -> Mapping[str, str]:
        """Return what it says of itself: settings of the target by their keys, and more."""
        ...
