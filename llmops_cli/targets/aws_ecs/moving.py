"""Brings a release into service, gives its place back, and puts in order what a killed run left."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime

from llmops_cli.clouds.pauses import pauses
from llmops_cli.core.plan import Tell
from llmops_cli.core.release import Candidate
from llmops_cli.errors import DeployError, LlmopsError, LockedError
from llmops_cli.targets.aws_ecs import changing, following, recording, registering, scaling
from llmops_cli.targets.aws_ecs.deployment import SHIFTED, TESTED, Deployment
from llmops_cli.targets.aws_ecs.place import Place
from llmops_cli.targets.aws_ecs.service import Service
from llmops_cli.targets.aws_ecs.session import Session

#: Seconds until a deployment that was asked for can be seen.
_APPEAR_SECONDS = 10.0
#: Notes of a rollout under way.
RELEASE, DEFINITION, BEFORE = "release", "definition", "before"
DESIRED, DEPLOYMENT, NEW, CONFIRMED = "desired", "deployment", "new", "confirmed"


def note_and_suspend(session: Session, candidate: Candidate) -> None:
    """Note what is about to be done, and keep AWS from changing the number of tasks meanwhile."""
    service = present(session)
    others = [one for one in session.place.under_way() if one.definition != session.staged]
    if others:
        raise DeployError(
            "Somebody else's deployment of the service is under way.",
            evidence="\n".join(f"{_title(o.definition)}: {o.told}" for o in others),
            next_step="Wait until it has ended (llmops status), then llmops deploy",
        )
    session.note(
        **{
            RELEASE: candidate.release.id,
            DEFINITION: session.staged,
            BEFORE: service.definition,
            DESIRED: str(service.desired),
            NEW: "yes" if session.is_new else "",
        }
    )
    scaling.set_suspended(session.place, is_suspended=True)


def start_beside(session: Session, tell: Tell) -> None:
    """Start the candidate beside what serves, until the test listener has it."""
    session.book.require_lock()
    begun = changing.begin(session, present(session), session.staged, pauses=True)
    session.note(**{DEPLOYMENT: begun.arn})
    _follow(session, lambda one: one.is_paused_at(TESTED), tell)


def give_traffic(session: Session, tell: Tell) -> None:
    """Give the candidate the traffic; what served before stays, in case that it has to come back.

    Raises:
        DeployError: somebody else has deployed meanwhile.
    """
    session.book.require_lock()
    changing.go_on(session.place, session.deployment)
    _follow(session, lambda one: one.is_paused_at(SHIFTED), tell)


def finish(session: Session, tell: Tell) -> None:
    """Let AWS stop what served before, once its requests are done."""
    session.book.require_lock()
    session.note(**{CONFIRMED: "yes"})
    changing.go_on(session.place, session.deployment)
    _follow(session, lambda one: one.status == "SUCCESSFUL", tell)


def replace(session: Session, tell: Tell) -> None:
    """Replace the tasks of the service by those of the candidate, one after the other."""
    session.book.require_lock()
    begun = changing.begin(session, present(session), session.staged, pauses=False)
    session.note(**{DEPLOYMENT: begun.arn})
    _follow(session, lambda one: one.status == "SUCCESSFUL", tell)


def give_back(session: Session, tell: Tell) -> None:
    """Have the service run what it ran when the rollout began, and wait until it does."""
    if not session.has_asked or session.is_settled:
        return
    place = session.place
    before = session.noted.get(BEFORE, "")
    desired = int(session.noted.get(DESIRED) or 0)
    for one in _ours_under_way(session):
        if desired == 0:
            # Nothing served: what is there without us is not to be started.
            with contextlib.suppress(LlmopsError):
                changing.set_desired(place, 0)
        changing.take_back(place, one, tell)
    service = present(session)
    if service.definition == session.staged and before not in ("", session.staged):
        _bring_back(session, service, before, tell)
    elif service.desired != desired and service.definition == before:
        changing.set_desired(place, desired)
    session.has_asked = False


def tidy_up(session: Session) -> None:
    """Remove a candidate's task definition that nothing runs, and let scaling go on."""
    place, service = session.place, session.place.read_service()
    is_used = service is not None and session.staged in (
        service.definition,
        *(one.definition for one in service.rollouts),
    )
    if session.staged and session.is_new and not is_used:
        with contextlib.suppress(LlmopsError):
            registering.deregister(place, session.staged)
    if session.noted:
        is_held = _is_held(session)
        if is_held or not _are_others_at_work(session):
            if service is not None:
                changing.take_hooks_away(place, service)
            let_scale(place, service)
        if is_held and not session.is_settled:
            session.book.note({})
        session.noted = {}


def put_in_order(session: Session, pending: Mapping[str, str]) -> None:
    """Finish what a killed run had confirmed; take back anything else that it left."""
    session.noted = dict(pending)
    session.staged = pending.get(DEFINITION, "")
    session.is_new = bool(pending.get(NEW))
    session.deployment = pending.get(DEPLOYMENT, "")
    session.has_asked = bool(session.staged)
    if pending.get(CONFIRMED) and _is_finished(session):
        recording.settle(session, session.staged, (), datetime.now(UTC))
    else:
        give_back(session, _nobody)
    tidy_up(session)
    session.forget()
    session.begin()


def let_scale(place: Place, service: Service | None) -> None:
    """Let AWS change the number of tasks again, where there are to be any."""
    if service is not None and service.desired:
        scaling.set_suspended(place, is_suspended=False)


def present(session: Session) -> Service:
    """Return the service as it is now.

    Raises:
        DeployError: it is gone.
    """
    service = session.place.read_service()
    if service is None:
        raise DeployError(
            f"There is no service {session.place.name} in the cluster {session.place.cluster}.",
            next_step="llmops infra apply",
        )
    return service


def _is_held(session: Session) -> bool:
    try:
        session.book.require_lock()
    except LockedError:
        return False
    return True


def _are_others_at_work(session: Session) -> bool:
    """Whether somebody who took the lock by force has noted what they do."""
    pending = session.book.read_again().pending
    return pending.get(DEFINITION, session.staged) != session.staged


def _follow(session: Session, is_there: following.Wanted, tell: Tell) -> Deployment:
    begun = Deployment(session.deployment, "PENDING")
    return following.follow(session.place, begun, session.staged, is_there, tell)


def _ours_under_way(session: Session) -> list[str]:
    """Return our deployments that have not ended, also one of which no word came."""
    place = session.place
    for _passed in pauses(_APPEAR_SECONDS):
        ours = [
            one.arn
            for one in place.under_way()
            if one.definition == session.staged or one.arn == session.deployment
        ]
        # AWS lists a deployment some moments after it was asked for it.
        if ours or session.deployment:
            return ours
    return []


def _bring_back(session: Session, service: Service, before: str, tell: Tell) -> None:
    """Deploy what there was before, for the new one had come to its end already."""
    place, desired = session.place, int(session.noted.get(DESIRED) or 0)
    if desired == 0:
        with place.changing("have nothing run, as before") as ecs:
            ecs.update_service(
                cluster=place.cluster, service=place.name, taskDefinition=before, desiredCount=0
            )
        return
    session.deployment = ""
    begun = changing.begin(session, service, before, pauses=False)
    following.follow(place, begun, before, lambda one: one.status == "SUCCESSFUL", tell)


def _is_finished(session: Session) -> bool:
    """Let a deployment that was confirmed come to its end; say whether it did."""
    place = session.place
    found = place.read_deployment(session.deployment) if session.deployment else None
    if found is None:
        return False
    if found.is_going:
        if found.hook:
            changing.go_on(place, session.deployment)
        _follow(session, lambda one: one.status == "SUCCESSFUL", _nobody)
    return present(session).definition == session.staged


def _title(definition: str) -> str:
    return definition.rpartition("/")[2]


def _nobody(line: str) -> None:
    """Take a line that nobody listens to."""
