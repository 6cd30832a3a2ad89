"""Config and commit -> Release."""

from collections.abc import Mapping

from llmops_cli.config.environment import api_environment, required_secrets
from llmops_cli.config.model import Config
from llmops_cli.core.release import Release, release_id
from llmops_cli.core.target import Target
from llmops_cli.errors import PreflightError
from llmops_cli.source import Source

_PATHS_SHOWN = 10


def resolve(config: Config, source: Source, target: Target, *, allow_dirty: bool) -> Release:
    """Say which release the project is now.

    Raises:
        PreflightError: the working tree holds changes that no commit has, and that is not allowed.
    """
    commit = source.commit()
    changed = source.uncommitted()
    if changed and not allow_dirty:
        raise _dirty(changed)
    tree = source.snapshot() if changed else commit.tree
    versions = _secret_versions(config, target)
    return Release(
        id=identify(target, release_id(commit.sha, dirty_tree=tree if changed else ""), versions),
        commit=commit.sha,
        tree=tree,
        committed_at=commit.committed_at,
        subject=commit.subject,
        settings={**api_environment(config), **target.settings()},
        secret_versions=versions,
    )


def _secret_versions(config: Config, target: Target) -> dict[str, str]:
    found = {name: target.secrets.current_version(name) for name in required_secrets(config)}
    return {name: version for name, version in found.items() if version is not None}


def identify(target: Target, first: str, versions: Mapping[str, str]) -> str:
    """Name a release whose first revision is ``first``: one with other secret versions has its own.

    A release that is kept with just these versions is that one.
    """
    kept = {release.id: release for release in target.find(first)}
    kept |= {release.id: release for release in target.find(f"{first}.")}
    revision, name = 1, first
    while name in kept and dict(kept[name].secret_versions) != dict(versions):
        revision += 1
        name = f"{first}.{revision}"
    return name


def _dirty(changed: tuple[str, ...]) -> PreflightError:
    paths = changed[:_PATHS_SHOWN]
    shown = "\n".join(path if path.isprintable() else ascii(path) for path in paths)
    more = len(changed) - _PATHS_SHOWN
    return PreflightError(
        "The project has changes that no commit has.",
        evidence=shown + (f"\nand {more} more" if more > 0 else ""),
        state="Nothing was changed.",
        next_step="git add -A && git commit, or: llmops deploy --allow-dirty",
    )
