"""What an engine knows of an image that it holds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.core.image import Image
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import EngineError

_ABSENT = ("no such image", "image not known", "no such object", "failed to find image")


@dataclass(frozen=True)
class Held:
    """An image in an engine. ``digests`` are those that registries know it by, by repository;
    ``pins`` are all of them, for a repository can know it by several.
    """

    id: str
    labels: Mapping[str, str]
    digests: Mapping[str, str]
    platform: str
    pins: Sequence[str] = ()

    def digests_in(self, repository: str) -> tuple[str, ...]:
        """Return every digest that a repository knows it by."""
        pairs = [pin.partition("@") for pin in self.pins]
        plain = _plain(repository)
        return tuple(digest for name, _, digest in pairs if _plain(name) == plain)

    def as_image(self, name: str) -> Image:
        """Return it under a name, with the digest that this name's registry gave it."""
        digest = self.digests.get(_plain(Image(name).repository), "")
        return Image(name, id=self.id, digest=digest)


def look_up(engine: Engine, name: str) -> Held | None:
    """Return the image of that name or id, or None where the engine holds none.

    Raises:
        PreflightError: the program is missing, or no engine answers.
        EngineError: it refused the question.
    """
    try:
        answer = json.loads(engine.run("image", "inspect", name))[0]
    except EngineError as error:
        if any(words in error.evidence.lower() for words in _ABSENT):
            return None
        raise
    pinned = [pin.partition("@") for pin in answer.get("RepoDigests") or ()]
    variant = f"/{answer['Variant']}" if answer.get("Variant") else ""
    return Held(
        # Podman leaves out what kind of digest it is.
        id="sha256:" + answer["Id"].removeprefix("sha256:"),
        labels=answer["Config"].get("Labels") or {},
        digests={_plain(repository): digest for repository, _, digest in pinned},
        platform=f"{answer['Os']}/{answer['Architecture']}{variant}",
        pins=tuple(answer.get("RepoDigests") or ()),
    )


def _plain(repository: str) -> str:
    """Leave out what a name without a registry stands for, which some engines write out."""
    for default in ("docker.io/library/", "docker.io/"):
        repository = repository.removeprefix(default)
    return repository
