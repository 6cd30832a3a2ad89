"""Goes back to a kept release: the same rollout, with nothing to build."""

from llmops_cli.core.plan import Observer, Plan, ignore
from llmops_cli.core.release import Release, State
from llmops_cli.core.target import Target
from llmops_cli.errors import ReleaseNotFoundError
from llmops_cli.flows import operator
from llmops_cli.flows.locking import locked
from llmops_cli.flows.preflight import preflight
from llmops_cli.flows.project import Project, is_live, subject_for
from llmops_cli.flows.rollout import Outcome, Request, Rollout, carry_out

_LISTED = 10


def rollback(
    project: Project, wanted: str | None, lock_wait: float = 0.0, observe: Observer = ignore
) -> Outcome:
    """Put a kept release back into service; without ``wanted``, the one before the live one.

    ``lock_wait`` is how many seconds to wait for a lock that somebody else holds.

    Raises:
        ReleaseNotFoundError: no kept release, or more than one, answers to ``wanted``.
        LlmopsError: as `carry_out` says.
    """
    with locked(project.target, "llmops rollback", lock_wait):
        rollout = _rollout(project, wanted)
        if is_live(rollout.seen, rollout.release):
            return Outcome(rollout.release, rollout.seen.live, rollout.address, changed=False)
        return carry_out(rollout, observe)


def plan(project: Project, wanted: str | None) -> tuple[Release, Plan]:
    """Return the release and the steps that `rollback` would take now, and take none."""
    rollout = _rollout(project, wanted)
    if is_live(rollout.seen, rollout.release):
        return rollout.release, Plan()
    return rollout.release, rollout.plan()


def find(target: Target, wanted: str | None, seen: State) -> Release:
    """Return the kept release that an operator means.

    Raises:
        ReleaseNotFoundError: none, or more than one; the evidence lists what there is.
    """
    if wanted is None:
        wanted = seen.previous
        if wanted is None:
            raise _not_found(target, "There is no release before the live one to go back to.")
    found = target.find(wanted)
    if not found:
        raise _not_found(target, f"There is no release {wanted!r} to go back to.")
    if len({release.id for release in found}) > 1:
        ids = "\n".join(release.id for release in found)
        raise ReleaseNotFoundError(
            f"{wanted!r} is the beginning of {len(found)} releases.",
            evidence=ids,
            state="Nothing was changed.",
            next_step=f"llmops rollback {found[0].id}",
        )
    return found[0]


def _rollout(project: Project, wanted: str | None) -> Rollout:
    seen = project.target.inspect()
    release = find(project.target, wanted, seen)
    preflight(project.target, release, tuple(release.secret_versions))
    # The golden prompts at hand belong to another commit than the release.
    request = Request(
        action="rollback",
        by=operator.name(),
        subject=subject_for(project, release, ()),
        confirmations=project.config.checks.confirmations,
    )
    return Rollout(project.target, project.target.candidate(release), seen, request)


def _not_found(target: Target, message: str) -> ReleaseNotFoundError:
    kept = target.releases(_LISTED)
    listed = "\n".join(f"{k.release.id}  {k.release.subject}" for k in kept)
    return ReleaseNotFoundError(
        message,
        evidence=f"Kept releases:\n{listed}" if kept else "No release is kept.",
        state="Nothing was changed.",
        next_step="llmops releases" if kept else "llmops deploy",
    )
