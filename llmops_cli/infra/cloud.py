"""A cloud as Terraform meets it: how it refuses, what helps then, and how it keeps a state."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.core.estimate import Estimate

#: Reads a plan (`show -json`): what it costs a month, and what to look at by hand.
Review = Callable[[Mapping[str, Any]], tuple[Estimate | None, tuple[str, ...]]]


def no_review(plan: Mapping[str, Any]) -> tuple[None, tuple[str, ...]]:
    """Say nothing about a plan."""
    return None, ()


@dataclass(frozen=True)
class Cloud:
    """What differs between clouds.

    ``refusals`` matches what it and its provider say when they do not know us, or know us and do
    not let us. ``home`` is what states lie in there, in a word. ``backend`` has the settings of
    Terraform's backend besides where it is; ``key`` and ``key_form`` name one state there.
    ``review`` reads plans, where there is something to say about them.
    """

    name: str
    login: str
    refusals: re.Pattern[str]
    home: str
    backend: Mapping[str, bool] = field(default_factory=dict)
    key: str = "key"
    key_form: str = "{}.tfstate"
    review: Review = no_review


@dataclass(frozen=True)
class About:
    """Whose infrastructure it is, where its files are, and of which cloud: for errors."""

    target: str
    place: str
    cloud: Cloud
