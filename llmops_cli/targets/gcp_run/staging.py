"""Brings a release up as a revision beside the live one: a new one, or one that is kept."""

from collections.abc import Iterable
from typing import Any

from llmops_cli.core.release import Candidate, Release
from llmops_cli.errors import DeployError
from llmops_cli.targets.gcp_run.memory import remembered
from llmops_cli.targets.gcp_run.place import Place, Seen
from llmops_cli.targets.gcp_run.service import Revision, Service, Share
from llmops_cli.targets.gcp_run.template import LABELS, revision_name, tag_of, template_of
from llmops_cli.targets.gcp_run.traffic import messages_of, shares_of, with_tag
from llmops_cli.targets.gcp_run.variables import release_of
from llmops_cli.targets.gcp_run.writing import CLIENT, Change
from llmops_cli.targets.shares import ALL, whole
from llmops_cli.targets.shelved.book import Ledger


def candidate_of(place: Place, seen: Seen, ledger: Ledger, release: Release) -> Candidate:
    """Name the revision that a release runs as: one that is kept of it, or a new one."""
    there = kept_revision(seen, ledger, release)
    if there is not None:
        return Candidate(release, there.name)
    return Candidate(release, revision_name(place.service, release, _next_number(seen, ledger)))


def kept_revision(seen: Seen, ledger: Ledger, release: Release) -> Revision | None:
    """Return the revision that has run this release, with this image, and can do so again."""
    entry = remembered(seen, ledger).entry(release.id)
    revision = seen.revision(entry.at) if entry else None
    there = release_of(revision) if revision else None
    if revision is None or there is None or revision.ready.has_failed:
        return None
    return revision if release.image in ("", there.image) else None


def change_of(place: Place, seen: Seen, candidate: Candidate, service: Service) -> Change | None:
    """Return what makes the candidate's revision, without traffic where another has it.

    None where an attempt of ours, to which nobody answered, has made it.
    """
    tag = tag_of(place.service, candidate.name)
    is_asked = any((one.revision, one.tag) == (candidate.name, tag) for one in service.shares)
    is_kept = seen.revision(candidate.name) is not None
    if is_asked and (is_kept or service.message.template.revision == candidate.name):
        return None
    shares = _shares(seen, candidate, service, tag)
    if is_kept:
        return Change(traffic=shares)
    template = template_of(place, candidate.release, candidate.name, service.message.template)
    wanted = place.configured.public
    is_public = None if wanted == service.is_public else wanted
    return Change(traffic=shares, template=template, is_public=is_public)


def service_of(place: Place, candidate: Candidate) -> Any:
    """Return the whole of a service that nobody has made yet (google.cloud.run_v2.Service)."""
    from google.cloud.run_v2.types import IngressTraffic, Service

    tag = tag_of(place.service, candidate.name)
    return Service(
        labels=LABELS,
        client=CLIENT,
        ingress=IngressTraffic.INGRESS_TRAFFIC_ALL,
        invoker_iam_disabled=place.configured.public,
        template=template_of(place, candidate.release, candidate.name),
        traffic=messages_of([Share(candidate.name, ALL, tag)]),
    )


def ready_carrying(seen: Seen, service: Service) -> dict[str, int]:
    """Return who has traffic and can take it."""
    there = {one.name for one in seen.revisions if not one.ready.has_failed}
    return {name: weight for name, weight in service.carrying.items() if name in there}


def require_pinned(seen: Seen, candidate: Candidate, shares: Iterable[Share]) -> None:
    """Make sure that a change of the traffic names nobody who is gone.

    Raises:
        DeployError: it does.
    """
    there = {candidate.name, *(one.name for one in seen.revisions)}
    gone = sorted({one.revision for one in shares} - there)
    if gone:
        raise DeployError(
            f"The traffic names revisions that are gone: {', '.join(gone)}.",
            next_step="gcloud run services update-traffic, then llmops deploy",
        )


def _shares(seen: Seen, candidate: Candidate, service: Service, tag: str) -> tuple[Share, ...]:
    carrying = ready_carrying(seen, service)
    weights = whole(carrying) if carrying else {candidate.name: ALL}
    there = {one.name for one in seen.revisions}
    others = [one for one in service.shares if one.revision in there]
    return with_tag(shares_of(weights, others), candidate.name, tag)


def _next_number(seen: Seen, ledger: Ledger) -> int:
    names = [*(one.name for one in seen.revisions), *(one.at for one in ledger.entries)]
    return max([_number(name) for name in names], default=0) + 1


def _number(name: str) -> int:
    tail = name.rpartition("-")[2]
    return int(tail) if tail.isdecimal() and len(tail) < 6 else 0
