"""Images of a project that runs one which somebody else made: nothing is built."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.core.image import BuildOptions, Image, Leak, Tell
from llmops_cli.core.release import Release
from llmops_cli.core.secret import Secret
from llmops_cli.engine.docker import Engine
from llmops_cli.images.inspection import Held, look_up
from llmops_cli.images.pulling import present


@dataclass(frozen=True)
class ReadyMade:
    """Implements `core.image.Images` with ``reference``, which every release runs.

    Neither searched for secrets nor published: it was never near the project's.
    """

    reference: str
    platform: str | None
    engine: Engine

    @property
    def is_published(self) -> bool:
        """Never by us."""
        return False

    def name_of(self, release: Release) -> str:
        """Return the name that the project gives."""
        return self.reference

    def find(self, release: Release) -> Image | None:
        """Return the image where the engine holds it."""
        held = look_up(self.engine, self.reference)
        return self._image(held) if held and self._runs(held) else None

    def built(self, release: Release) -> Image | None:
        """Return the image where the engine holds it."""
        return self.find(release)

    def build(self, release: Release, options: BuildOptions, tell: Tell) -> Image:
        """Pull the image, unless the engine holds it."""
        found = self.find(release) if options.platform in (None, self.platform) else None
        if found is not None:
            tell(f"{self.reference} is there")
            return found
        return self._image(
            present(self.engine, self.reference, options.platform or self.platform, tell)
        )

    def scan(self, image: Image, secrets: Mapping[str, Sequence[Secret]]) -> Sequence[Leak]:
        """Look at nothing: no file of the project is in it."""
        return ()

    def push(self, image: Image, release: Release, tell: Tell) -> Image:
        """Return the image as it is."""
        return image

    def _runs(self, held: Held) -> bool:
        return self.platform in (None, held.platform)

    def _image(self, held: Held) -> Image:
        name, _, digest = self.reference.partition("@")
        return Image(name, held.id, digest) if digest else held.as_image(name)
