"""Deregisters the task definitions that nobody goes back to any more."""

from collections.abc import Iterator

from llmops_cli.targets.aws_ecs import registering
from llmops_cli.targets.aws_ecs.revision import Revision
from llmops_cli.targets.aws_ecs.session import Session

#: Revisions that are looked at in one run, the oldest first: each costs a question.
_MOST = 30


def retire(session: Session) -> None:
    """Deregister the revisions of ours that are neither kept nor run by anything."""
    session.look()
    for revision in _too_old(session, _in_use(session)):
        registering.deregister(session.place, revision.arn)


def _in_use(session: Session) -> set[str]:
    seen = session.known()
    used = {entry.at for entry in seen.ledger.entries} | {session.staged}
    if seen.service is not None:
        used |= {seen.service.definition, *(one.definition for one in seen.service.rollouts)}
    return used | {task.definition for task in session.place.read_tasks()}


def _too_old(session: Session, used: set[str]) -> Iterator[Revision]:
    # Others, Terraform among them, may have revisions in the family.
    unused = [arn for arn in session.place.list_revisions() if arn not in used]
    for arn in unused[::-1][:_MOST]:
        revision = session.place.read_revision(arn)
        if revision is not None and revision.release is not None:
            yield revision
