"""A release, and what a target says about the releases it holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

#: Hex digits of the commit sha that a release id begins with.
SHORT_SHA_LENGTH = 12


@dataclass(frozen=True)
class Release:
    """Everything that one commit of a project puts into service.

    Two releases are the same when ``id`` is the same. ``commit`` is the full sha; ``tree`` is the
    git tree that holds the project's folder, which for a dirty working tree is a snapshot that no
    commit has. ``settings`` is the environment that the API runs with, without any secret
    value; ``secret_versions`` maps a secret's name to the version of its value. ``image`` pins the
    image that it runs, by digest or by the engine's id, on targets that run images.
    """

    id: str
    commit: str
    tree: str
    committed_at: datetime
    subject: str
    settings: Mapping[str, str] = field(default_factory=dict, compare=False)
    secret_versions: Mapping[str, str] = field(default_factory=dict, compare=False)
    image: str = field(default="", compare=False)

    @property
    def is_dirty(self) -> bool:
        """Whether the release holds changes that no commit has."""
        return "-dirty-" in self.id


def release_id(commit: str, *, dirty_tree: str = "", revision: int = 1) -> str:
    """Name a release: the short sha, what is not committed, and which revision of it.

    A second release of one commit exists only where something outside git differs, such as the
    version of a secret; it is named ``<sha>.2``.
    """
    name = commit[:SHORT_SHA_LENGTH]
    if dirty_tree:
        name += f"-dirty-{dirty_tree[:8]}"
    return name if revision == 1 else f"{name}.{revision}"


@dataclass(frozen=True)
class KeptRelease:
    """A release that a target holds and can go back to."""

    release: Release
    deployed_at: datetime | None
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class State:
    """What a target says it is doing: read, never remembered.

    ``live`` is the release that answers at ``address`` now, ``recorded`` the one that should. They
    differ when the target is stopped or broken, and then ``trouble`` says how, and ``remedy`` is
    the command that mends it.
    """

    address: str
    live: Release | None = None
    recorded: Release | None = None
    previous: str | None = None
    trouble: str = ""
    remedy: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """A release staged beside the live one; ``name`` is the target's own for it."""

    release: Release
    name: str
