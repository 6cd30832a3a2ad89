"""Who gets how much of the traffic: the whole list every time, with the names of revisions."""

from collections.abc import Iterable, Mapping
from typing import Any

from llmops_cli.targets.gcp_run.service import Share


def shares_of(weights: Mapping[str, int], others: Iterable[Share] = ()) -> tuple[Share, ...]:
    """Return shares by revision, with one entry each; tags of ``others`` stay where they are."""
    tagged = [Share(one.revision, 0, one.tag) for one in others if one.tag]
    return (*(Share(name, percent) for name, percent in weights.items() if percent), *tagged)


def with_tag(shares: Iterable[Share], revision: str, tag: str) -> tuple[Share, ...]:
    """Return shares in which a tag belongs to a revision, and to nobody else."""
    return (*without_tag(shares, tag), Share(revision, 0, tag))


def without_tag(shares: Iterable[Share], tag: str) -> tuple[Share, ...]:
    """Return shares in which nobody has a tag; who has traffic by it keeps that."""
    found = []
    for share in shares:
        if share.tag != tag:
            found.append(share)
        elif share.percent:
            found.append(Share(share.revision, share.percent))
    return tuple(found)


def messages_of(shares: Iterable[Share]) -> list[Any]:
    """Return shares as Google takes them (google.cloud.run_v2.TrafficTarget)."""
    from google.cloud.run_v2.types import TrafficTarget, TrafficTargetAllocationType

    kind = TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION
    return [
        TrafficTarget(type_=kind, revision=one.revision, percent=one.percent, tag=one.tag)
        for one in shares
    ]
