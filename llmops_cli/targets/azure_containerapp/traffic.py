"""Who gets how much of the traffic: the whole list every time, with the names of revisions."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from llmops_cli.targets.azure_containerapp.app import Share
from llmops_cli.targets.shares import ALL


def only(revision: str, others: Iterable[Share] = ()) -> tuple[Share, ...]:
    """Return all the traffic for one revision; the labels that others have given out stay."""
    return mixed({revision: ALL}, others)


def mixed(weights: Mapping[str, int], others: Iterable[Share] = ()) -> tuple[Share, ...]:
    """Return shares by revision, with one entry each; labels of ``others`` stay where they are."""
    labels = {share.label: share.revision for share in others if share.label}
    left = dict(weights)
    found = [Share(name, left.pop(name, 0), label) for label, name in labels.items()]
    return (*(Share(name, weight) for name, weight in left.items()), *found)


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
