"""Who gets how much of the traffic: the whole list every time, with the names of revisions."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from llmops_cli.targets.azure_containerapp.app import Share

ALL = 100


def only(revision: str, others: Iterable[Share] = ()) -> tuple[Share, ...]:
    """Return all the traffic for one revision; the labels that others have given out stay."""
    return mixed({revision: ALL}, others)


def mixed(weights: Mapping[str, int], others: Iterable[Share] = ()) -> tuple[Share, ...]:
    """Return shares by revision, with one entry each; labels of ``others`` stay where they are."""
    labels = {share.label: share.revision for share in others if share.label}
    left = dict(weights)
    found = [Share(name, left.pop(name, 0), label) for label, name in labels.items()]
    return (*(Share(name, weight) for name, weight in left.items()), *found)


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


def carrying(shares: Iterable[Share]) -> dict[str, int]:
    """Return the revisions that have traffic, and how many percent."""
    found: dict[str, int] = {}
    for share in shares:
        if share.weight:
            found[share.revision] = found.get(share.revision, 0) + share.weight
    return found


def documents_of(shares: Iterable[Share], there: Collection[str]) -> list[dict[str, Any]]:
    """Return shares as Azure takes them, without those of revisions that are gone."""
    return [
        {
            "revisionName": share.revision,
            "weight": share.weight,
            **({"label": share.label} if share.label else {}),
        }
        for share in shares
        if share.weight or share.revision in there
    ]


def whole(weights: Mapping[str, int]) -> dict[str, int]:
    """Return weights that add up to 100, where those of somebody who is gone are missing."""
    heaviest = max(weights, key=lambda name: weights[name])
    return {**weights, heaviest: weights[heaviest] + ALL - sum(weights.values())}
