"""Puts the project's commit into service."""

from dataclasses import dataclass, replace

from llmops_cli.config.environment import required_secrets
from llmops_cli.core.plan import Observer, Plan, ignore
from llmops_cli.core.release import Release, State
from llmops_cli.flows import image, litellm, operator
from llmops_cli.flows.locking import locked
from llmops_cli.flows.preflight import preflight
from llmops_cli.flows.project import Project, is_live, subject_for
from llmops_cli.flows.resolve import resolve
from llmops_cli.flows.rollout import Outcome, Request, Rollout, carry_out


@dataclass(frozen=True)
class Options:
    """How to deploy: with uncommitted changes or not, under which names to keep it, and how many
    seconds to wait for the lock.
    """

    command: str
    lock_wait: float = 0.0
    allow_dirty: bool = False
    names: tuple[str, ...] = ()


def deploy(project: Project, options: Options, observe: Observer = ignore) -> Outcome:
    """Resolve, check, lock, and carry out the rollout; do nothing where the release is live.

    Raises:
        PreflightError: something is missing; nothing was touched.
        LockedError: another deploy is under way; nothing was touched.
        LlmopsError: as `carry_out` says.
    """
    release = resolved(project, options)
    with locked(project.target, options.command, options.lock_wait):
        seen = project.target.inspect()
        if is_live(seen, release):
            project.target.name_release(release.id, options.names)
            return Outcome(release, seen.live, seen.address, changed=False)
        release = replace(release, image=image.prepare(project, release, observe))
        return carry_out(_rollout(project, options, release, seen), observe)


def plan(project: Project, options: Options) -> tuple[Release, Plan]:
    """Return the release and the steps that `deploy` would take now, and take none."""
    release = resolved(project, options)
    seen = project.target.inspect()
    if is_live(seen, release):
        return release, Plan()
    making, pinned = image.plan(project, release)
    release = replace(release, image=pinned)
    return release, making + _rollout(project, options, release, seen).plan()


def resolved(project: Project, options: Options) -> Release:
    """Say which release is to be deployed, and that nothing is missing for it."""
    release = resolve(
        project.config, project.source, project.target, allow_dirty=options.allow_dirty
    )
    litellm.examine(project.config, project.source, release)
    preflight(project.target, release, required_secrets(project.config))
    return release


def _rollout(project: Project, options: Options, release: Release, seen: State) -> Rollout:
    request = Request(
        action="deploy",
        by=operator.name(),
        subject=subject_for(project, release, project.evals),
        confirmations=project.config.checks.confirmations,
        names=options.names,
    )
    return Rollout(project.target, project.target.candidate(release), seen, request)
