"""What an engine knows of an image that it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.core.image import Image
from llmops_cli.engine.docker import Engine
from llmops_cli.engine.packages import require_packages


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
        PreflightError: a package or the program is missing, or no engine answers.
        EngineError: it refused the question.
    """
    require_packages()
    from python_on_whales.exceptions import DockerException, NoSuchImage

    try:
        found = engine.client().image.inspect(name)
    except NoSuchImage:
        return None
    except DockerException as error:
        raise engine.failure(("image", "inspect"), error.stderr or "") from error
    pins = tuple(found.repo_digests or ())
    variant = f"/{found.variant}" if found.variant else ""
    return Held(
        # Podman leaves out what kind of digest it is.
        id="sha256:" + found.id.removeprefix("sha256:"),
        labels=found.config.labels or {},
        digests={_plain(repository): digest for repository, _, digest in map(_parted, pins)},
        platform=f"{found.os}/{found.architecture}{variant}",
        pins=pins,
    )


def _parted(pin: str) -> tuple[str, str, str]:
    return pin.partition("@")


def _plain(repository: str) -> str:
    """Leave out what a name without a registry stands for, which some engines write out."""
    for default in ("docker.io/library/", "docker.io/"):
        repository = repository.removeprefix(default)
    return repository
