"""The images of a project's releases: made from commits, kept in an engine or a registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from llmops_cli.config.model import Config
from llmops_cli.core.image import BuildOptions, Image, Leak, Tell
from llmops_cli.core.known_secrets import known_secrets
from llmops_cli.core.release import Release
from llmops_cli.core.secret import Secret
from llmops_cli.core.target import SecretStore
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import BuildError
from llmops_cli.images import builder, context, labels
from llmops_cli.images.inspection import Held, look_up
from llmops_cli.images.publish import publish
from llmops_cli.images.published import find_published
from llmops_cli.images.pulling import present
from llmops_cli.images.scan.context import refuse_secrets
from llmops_cli.images.scan.image import scan_image
from llmops_cli.registries.oci import Registry
from llmops_cli.source import Source


class Contents(Protocol):
    """What goes into an image: see `embedded` and `own_dockerfile`."""

    @property
    def recipe(self) -> str:
        """What tells apart two images of one commit."""
        ...

    @property
    def base(self) -> str:
        """The image that it is put on, where that is known; else nothing."""
        ...

    @property
    def root(self) -> str:
        """The folder, below that which `write` gets, that is the context."""
        ...

    def write(self, release: Release, kind: builder.Kind, folder: Path) -> str:
        """Write the context of a build, and return the path of its Dockerfile."""
        ...

    def documents(self, release: Release) -> Mapping[str, str]:
        """Return the texts by which it is made, by path."""
        ...


@dataclass
class ProjectImages:
    """Implements `core.image.Images` for a project that has its images built.

    ``engine`` is where they are: a build with another program than the project's moves there.
    """

    config: Config
    source: Source
    contents: Contents
    engine: Engine
    registry: Registry | None
    secrets: SecretStore

    @property
    def is_published(self) -> bool:
        """Whether images go to a registry."""
        return self.registry is not None

    def name_of(self, release: Release) -> str:
        """Return the ``repository:tag`` of a release's image."""
        repository = self.config.image.repository or f"llmops/{self.config.name}"
        return f"{repository}:{labels.tag_of(release)}"

    def find(self, release: Release) -> Image | None:
        """Return the image where it is published.

        One that only the engine holds was perhaps never searched for secrets: see `built`.
        """
        if self.registry is None:
            return None
        return find_published(self.registry, self.name_of(release), release)

    def built(self, release: Release) -> Image | None:
        """Return the image where the engine holds it; one of other content does not count."""
        name = self.name_of(release)
        held = look_up(self.engine, name)
        # Whatever digest an engine has for it is not yet that of a registry.
        return Image(name, held.id) if held and self._is_of(held, release) else None

    def documents(self, release: Release) -> Mapping[str, str]:
        """Return the files that a build would use, for people to read."""
        return self.contents.documents(release)

    def build(self, release: Release, options: BuildOptions, tell: Tell) -> Image:
        """Make the image from the commit, and return it with its id."""
        self.engine = self._engine_of(options)
        kind = builder.kind_of(self.engine)
        with context.workspace() as folder:
            order = builder.Order(
                context=folder / self.contents.root,
                dockerfile=self.contents.write(release, kind, folder),
                name=self.name_of(release),
                labels=self._labels(release, options, tell),
                platform=options.platform or self.config.image.platform,
                use_cache=options.use_cache,
                created=int(release.committed_at.timestamp()),
            )
            # Now, because the builder may be on another machine.
            known = known_secrets(self.secrets, release)
            refuse_secrets(order.context, known, self.config.image.scan_ignore)
            builder.build(self.engine, kind, order, tell)
        held = look_up(self.engine, order.name)
        if held is None:
            raise BuildError(
                f"{order.name} was built, but {self.engine.program} does not hold it.",
                state="What was serving is serving still.",
                next_step="docker buildx use default, then build again.",
            )
        return Image(order.name, held.id)

    def scan(self, image: Image, secrets: Mapping[str, Sequence[Secret]]) -> Sequence[Leak]:
        """Look for secrets in all that the image holds."""
        ignored = self.config.image.scan_ignore
        return scan_image(self.engine, image, secrets, self.contents.base or None, ignored)

    def push(self, image: Image, release: Release, tell: Tell) -> Image:
        """Publish the image, and return it with its digest."""
        if self.registry is None:
            return image
        return publish(self.engine, image, release, self.registry, tell)

    def _engine_of(self, options: BuildOptions) -> Engine:
        if options.builder is None or options.builder == self.engine.program:
            return self.engine
        return replace(Engine(), program=options.builder)

    def _is_of(self, held: Held, release: Release) -> bool:
        wanted = labels.identity(release, self.contents.recipe)
        platform = self.config.image.platform or held.platform
        return wanted.items() <= dict(held.labels).items() and held.platform == platform

    def _labels(self, release: Release, options: BuildOptions, tell: Tell) -> dict[str, str]:
        found = labels.labels_of(self.config.name, release, self.source, self.contents.recipe)
        if not self.contents.base:
            return found
        platform = options.platform or self.config.image.platform
        base = present(self.engine, self.contents.base, platform, tell)
        digest = base.as_image(self.contents.base).digest
        return {**found, **labels.base_labels(self.contents.base, digest)}
