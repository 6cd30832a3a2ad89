"""Variants of a test that differ in one detail: the first of each family runs always.

The others are for `nox -s thorough`: what they cover differs from the first in the operation that a
mishap befalls, or in the moment.
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest
from _pytest.mark import ParameterSet

Case = TypeVar("Case")

#: What may differ within a family: names of operations and numbers.
_DETAIL = re.compile(r"\b[a-z]+(_[a-z]+)+\b|[0-9]+")


def seldom(*values: object, id: str | None = None) -> ParameterSet:
    """Return parameters of a test that only a thorough run takes."""
    return pytest.param(*values, id=id, marks=pytest.mark.thorough)


def family(name: str) -> str:
    """Return a case's name without what differs within its family."""
    return _DETAIL.sub("…", name)


def spread(
    cases: Iterable[Case],
    name: Callable[[Case], str],
    kin: Callable[[str], str] = family,
    *,
    every: int = 1,
) -> list[ParameterSet]:
    """Return cases as parameters of a test; all but the first of each family are thorough.

    Of many families, those of one in ``every`` run always.
    """
    seen: list[str] = []
    found = []
    for case in cases:
        id = name(case)
        is_first = kin(id) not in seen
        seen += [kin(id)] if is_first else []
        marks = [] if is_first and len(seen) % every == 0 else [pytest.mark.thorough]
        found.append(pytest.param(case, id=id, marks=marks))
    return found
