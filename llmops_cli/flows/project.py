"""A project, and what the checks of its releases are about."""

from dataclasses import dataclass

from llmops_cli.checks.evals import Eval
from llmops_cli.checks.subject import Subject
from llmops_cli.config.environment import credential_secret, model_asked
from llmops_cli.config.model import Config
from llmops_cli.core.image import Images
from llmops_cli.core.release import Release, State
from llmops_cli.core.secret import Secret, first_key
from llmops_cli.core.target import Target, trusted_for
from llmops_cli.source import Source


@dataclass(frozen=True)
class Project:
    """A project file, the repository it is in, the target it is about, and its golden prompts.

    ``images`` makes the images of releases, for targets that run images.
    """

    config: Config
    source: Source
    target: Target
    evals: tuple[Eval, ...] = ()
    images: Images | None = None


def is_live(seen: State, release: Release) -> bool:
    """Whether the target serves this release already and nothing is wrong with it."""
    return seen.live is not None and seen.live.id == release.id and not seen.trouble


def subject_for(project: Project, release: Release, evals: tuple[Eval, ...]) -> Subject:
    """Return what the checks of a release are about; the address comes later."""
    config = project.config
    key = credential_secret(config)
    return Subject(
        url="",
        credential=credential(project.target, key, release.secret_versions.get(key)),
        evals=evals,
        timeout_seconds=config.checks.timeout_seconds,
        requires_recall=config.checks.recall,
        model=model_asked(config, release.settings),
        has_own_application=bool(release.settings.get("LLMOPS_APP")),
        model_timeout_seconds=config.api.request_seconds + 5,
        trusted=trusted_for(project.target),
    )


def credential(target: Target, name: str, version: str | None) -> Secret | None:
    """Return the first of the keys that the API accepts, for the checks to present."""
    kept = target.secrets.read(name, version)
    return first_key(kept) if kept else None
