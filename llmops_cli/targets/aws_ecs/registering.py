"""Puts a release into the cloud as a revision of a task definition: a kept one, or a new one."""

from llmops_cli.core.release import Candidate, Release
from llmops_cli.errors import DeployError
from llmops_cli.targets.aws_ecs.definition import definition_of
from llmops_cli.targets.aws_ecs.place import Place
from llmops_cli.targets.aws_ecs.revision import (
    ASKED_TAG,
    LIVE_TAG,
    NAMES_TAG,
    STOPPED_TAG,
    Revision,
)
from llmops_cli.targets.aws_ecs.service import tags_of
from llmops_cli.targets.aws_ecs.session import Seen, Session

#: Revisions that are looked at for one that an earlier attempt has left.
_LOOKED_AT = 5


def candidate_of(place: Place, seen: Seen, release: Release) -> Candidate:
    """Name the revision that a release runs as: a kept one, or one of the family to be made."""
    kept = kept_revision(place, seen, release)
    return Candidate(release, kept.arn if kept else place.family)


def kept_revision(place: Place, seen: Seen, release: Release) -> Revision | None:
    """Return the revision that has run this release, with this image, and can do so again."""
    entry = seen.ledger.entry(release.id)
    revision = place.read_revision(entry.at) if entry else None
    there = revision.release if revision else None
    if revision is None or there is None or there.id != release.id or not revision.is_active:
        return None
    return revision if release.image in ("", there.image) else None


def register(session: Session, candidate: Candidate) -> None:
    """Register the task definition, or take the one that is there already."""
    place = session.place
    if candidate.name != place.family:
        session.staged, session.is_new = candidate.name, False
        return
    service = session.known().service
    document = definition_of(place.shape(service), candidate.release)
    asked = next(one["value"] for one in document["tags"] if one["key"] == ASKED_TAG)
    left = _left_over(place, asked)
    if left is not None:
        session.staged, session.is_new = left.arn, True
        return
    with place.changing(f"register the task definition of {candidate.release.id}") as ecs:
        answer = ecs.register_task_definition(**document)
    session.staged = str(answer["taskDefinition"]["taskDefinitionArn"])
    session.is_new = True
    made = place.release_at(session.staged)
    if made is None or made.id != candidate.release.id or made.image != candidate.release.image:
        raise DeployError(
            "AWS has registered another task definition than it was asked for.",
            evidence=f"{session.staged} runs {made.id if made else 'no release of ours'}.",
        )


def mark_live(place: Place, arn: str, since: str, names: tuple[str, ...]) -> None:
    """Write on a revision since when it counts and its names, should the record be lost."""
    mark(place, arn, {LIVE_TAG: since, NAMES_TAG: " ".join(names), STOPPED_TAG: ""})


def mark(place: Place, arn: str, tags: dict[str, str]) -> None:
    """Give a revision tags."""
    with place.changing("tag the task definition") as ecs:
        ecs.tag_resource(resourceArn=arn, tags=tags_of(tags))
    place.forget(arn)


def deregister(place: Place, arn: str) -> None:
    """Take a revision out of service; AWS keeps what it was, and refuses to run it."""
    with place.changing(f"deregister {arn.rpartition('/')[2]}") as ecs:
        ecs.deregister_task_definition(taskDefinition=arn)
    place.forget(arn)


def _left_over(place: Place, asked: str) -> Revision | None:
    """Return a revision that is the same to the letter, and was never live."""
    for arn in place.list_revisions()[:_LOOKED_AT]:
        revision = place.read_revision(arn)
        if revision and revision.tags.get(ASKED_TAG) == asked and revision.live_since is None:
            return revision
    return None
