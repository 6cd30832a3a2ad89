"""Changes a secret of the live release: the same commit, deployed anew with another value."""

from dataclasses import dataclass, replace

from llmops_cli.config.api_access import SIGNING_SECRET
from llmops_cli.config.environment import credential_secret
from llmops_cli.config.model import Config
from llmops_cli.core.plan import Observer, ignore
from llmops_cli.core.release import Release, State
from llmops_cli.core.secret import Secret, first_key, joined, keys_in
from llmops_cli.errors import (
    LlmopsError,
    PreflightError,
    ReleaseNotFoundError,
    StateUnknownError,
    UsageError,
)
from llmops_cli.flows import operator
from llmops_cli.flows.locking import locked
from llmops_cli.flows.preflight import preflight
from llmops_cli.flows.project import Project, subject_for
from llmops_cli.flows.resolve import identify
from llmops_cli.flows.rollout import Outcome, Request, Rollout, carry_out
from llmops_cli.flows.secrets import accepted

_COMMAND = "llmops secrets rotate"


@dataclass(frozen=True)
class Order:
    """Which secret gets which value; without one, the older keys beside the first are dropped.

    ``lock_wait`` is how many seconds to wait for a lock that somebody else holds.
    """

    name: str
    value: Secret | None
    lock_wait: float = 0.0


@dataclass(frozen=True)
class Rotated:
    """The version that the value is now, how many keys it holds, and the deploy, if there was one.

    There is none where the live release does not use the secret.
    """

    version: str
    keys: int
    outcome: Outcome | None


def rotate(project: Project, order: Order, observe: Observer = ignore) -> Rotated:
    """Store the value, deploy the live release anew with it, and only then let it count.

    Until the new release is live the version is merely proposed: whatever happens, this process
    being killed included, later deploys use the one before. A key that callers present stays good
    beside the new one until it is dropped.

    Raises:
        UsageError: the value may not be stored, or there is no older key to drop.
        ReleaseNotFoundError: nothing is live.
        LockedError: another deploy is under way.
        LlmopsError: as `carry_out` says; the new value is withdrawn.
    """
    if order.value is not None:
        accepted(order.name, order.value)
    with locked(project.target, _COMMAND, order.lock_wait):
        seen = project.target.inspect()
        live = _live(project, seen)
        value = _changed(project, order, live)
        keys = len(keys_in(value)) if holds_several(project.config, order.name) else 1
        if order.name not in live.secret_versions:
            return Rotated(project.target.secrets.write(order.name, value), keys, None)
        version = project.target.secrets.propose(order.name, value)
        outcome = _deployed(project, order.name, version, seen, observe)
        return Rotated(version, keys, _made_current(project, order.name, version, outcome))


def holds_several(config: Config, name: str) -> bool:
    """Whether a secret may hold the older key beside the new one, which both are good."""
    keys = {key.secret for key in config.api.keys}
    return name in {credential_secret(config), SIGNING_SECRET, *keys}


def _live(project: Project, seen: State) -> Release:
    if seen.live is not None:
        return seen.live
    start = "llmops start" if seen.recorded else "llmops secrets set, and then: llmops deploy"
    raise ReleaseNotFoundError(
        f"Nothing is serving on {project.target.name} that could be deployed anew.",
        state="Nothing was stored.",
        next_step=start,
    )


def _changed(project: Project, order: Order, live: Release) -> Secret:
    """Return the value that the secret is to have: with the older keys, or without them."""
    # What callers present is what the live release takes, whatever was set since.
    old = project.target.secrets.read(order.name, live.secret_versions.get(order.name))
    several = holds_several(project.config, order.name)
    keys = keys_in(old) if old and several else ()
    if order.value is None:
        first = first_key(joined(keys))
        if first is None or len(keys) < 2:
            raise UsageError(
                f"{order.name} holds no older key that could be dropped.",
                state="Nothing was stored.",
                next_step=f"{_COMMAND} {order.name}, and --finish when every caller has the new "
                "key.",
            )
        return first
    if order.value in (old, *keys):
        raise UsageError(
            f"The value for {order.name} is one that it has already.", state="Nothing was stored."
        )
    return joined((order.value, *keys)) if keys else order.value


def _deployed(project: Project, name: str, version: str, seen: State, observe: Observer) -> Outcome:
    assert seen.live is not None
    try:
        release = _anew(project, seen.live, {**seen.live.secret_versions, name: version})
        return carry_out(_rollout(project, release, seen), observe)
    except LlmopsError as error:
        _withdraw(project, name, version, error)
        raise


def _anew(project: Project, live: Release, versions: dict[str, str]) -> Release:
    first = live.id.partition(".")[0]
    name = identify(project.target, first, versions)
    release = replace(live, id=name, secret_versions=versions)
    preflight(project.target, release, tuple(versions))
    return release


def _rollout(project: Project, release: Release, seen: State) -> Rollout:
    # The golden prompts at hand may belong to another commit than the release.
    request = Request(
        action="rotate",
        by=operator.name(),
        subject=subject_for(project, release, ()),
        confirmations=project.config.checks.confirmations,
    )
    return Rollout(project.target, project.target.candidate(release), seen, request)


def _withdraw(project: Project, name: str, version: str, error: LlmopsError) -> None:
    said = f"The new value of {name} does not count: later deploys use the one before."
    # Where it is not known what serves, it may be a release that needs the new value.
    if not isinstance(error, StateUnknownError):
        try:
            project.target.secrets.withdraw(name, version)
        except LlmopsError as trouble:
            said += f" It could not be withdrawn: {trouble.message}"
        else:
            said = f"The new value of {name} is withdrawn: later deploys use the one before."
    error.state = f"{error.state} {said}".strip()
    if error.next_step.endswith("llmops deploy") and not isinstance(error, PreflightError):
        error.next_step = f"Mend it, and: {_COMMAND} {name}"


def _made_current(project: Project, name: str, version: str, outcome: Outcome) -> Outcome:
    try:
        project.target.secrets.accept(name, version)
    except LlmopsError as error:
        warning = (
            f"{outcome.release.id} is live with the new value of {name}, but later deploys use the "
            f"one before: {error.message} Set it once more: llmops secrets set {name}"
        )
        return replace(outcome, warnings=(*outcome.warnings, warning))
    return outcome
