"""A container image of a release, and what makes, examines and publishes one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from llmops_cli.core.release import Release
from llmops_cli.core.secret import Secret

#: Takes one line of what a builder or a registry says, as it comes.
Tell = Callable[[str], None]


def quiet(line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Image:
    """An image of a commit.

    ``name`` is ``repository:tag``, for people to read; ``id`` is the engine's own id of it
    (``sha256:…``), where an engine holds it; ``digest`` is the registry's (``sha256:…``), once it
    is there. A target runs ``reference``, never ``name``: a tag can be moved.
    """

    name: str
    id: str = ""
    digest: str = ""

    @property
    def repository(self) -> str:
        """The name without its tag or digest."""
        bare = self.name.partition("@")[0]
        head, colon, tail = bare.rpartition(":")
        return head if colon and "/" not in tail else bare

    @property
    def reference(self) -> str:
        """What pins it: ``repository@digest`` from a registry, else the id in the engine."""
        return f"{self.repository}@{self.digest}" if self.digest else self.id or self.name


@dataclass(frozen=True)
class BuildOptions:
    """How to build, beyond what the project file says.

    ``builder`` is ``docker``, ``podman`` or nothing for the project's own choice; ``platform`` is
    as in ``linux/arm64``.
    """

    platform: str | None = None
    builder: str | None = None
    use_cache: bool = True


@dataclass(frozen=True)
class Leak:
    """A secret where none may be: which one, in which file or setting, of which layer.

    ``what`` is the name of the secret or of the rule that found it, never a part of the value.
    """

    what: str
    place: str
    layer: str = ""


class Images(Protocol):
    """What a project's images are made with. None of it touches a target.

    ``build`` raises BuildError, ``push`` BuildError or AccessError; ``scan`` only tells.
    """

    @property
    def is_published(self) -> bool:
        """Whether images go to a registry; otherwise they stay in the engine that runs them."""
        ...

    def name_of(self, release: Release) -> str:
        """Return the ``repository:tag`` of a release's image. Revisions of a commit share it."""
        ...

    def find(self, release: Release) -> Image | None:
        """Return the image where it is already: in the registry, or else in the engine."""
        ...

    def built(self, release: Release) -> Image | None:
        """Return the image where the engine holds it."""
        ...

    def build(self, release: Release, options: BuildOptions, tell: Tell) -> Image:
        """Make the image from the commit, and return it with its id."""
        ...

    def scan(self, image: Image, secrets: Mapping[str, Sequence[Secret]]) -> Sequence[Leak]:
        """Look for secrets in all that the image holds; ``secrets`` has the values by name."""
        ...

    def push(self, image: Image, release: Release, tell: Tell) -> Image:
        """Publish the image, and return it with its digest."""
        ...
