"""Shares of the traffic in percent, by who has them, and the steps in which they move."""

from collections.abc import Mapping, Sequence

ALL = 100


def steps_of(
    before: Mapping[str, int], revision: str, steps: Sequence[int]
) -> list[dict[str, int]]:
    """Return the weights of every step, one after the other, until ``revision`` has it all."""
    others = {name: weight for name, weight in before.items() if name != revision}
    if not others:
        return [] if before else [{revision: ALL}]
    rest = whole(others)
    return [step(rest, revision, percent) for percent in steps]


def step(before: Mapping[str, int], revision: str, percent: int) -> dict[str, int]:
    """Return the weights once ``revision`` has ``percent``, and those before it share the rest.

    ``before`` are the weights without it. They add up to 100, and so does what is returned.
    """
    rest, total = ALL - percent, sum(before.values())
    weights = {name: weight * rest // total for name, weight in before.items()} if total else {}
    heaviest = max(before, key=lambda name: before[name]) if before else revision
    found = {**weights, revision: percent}
    found[heaviest] = found.get(heaviest, 0) + ALL - sum(found.values())
    return found


def whole(weights: Mapping[str, int]) -> dict[str, int]:
    """Return weights that add up to 100, where those of somebody who is gone are missing."""
    heaviest = max(weights, key=lambda name: weights[name])
    return {**weights, heaviest: weights[heaviest] + ALL - sum(weights.values())}
