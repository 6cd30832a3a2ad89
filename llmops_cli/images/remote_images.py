"""The images of a project's releases where the registry itself builds them."""

import tarfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from llmops_cli.config.model import Config
from llmops_cli.core.image import BuildOptions, Image, Leak, Tell
from llmops_cli.core.known_secrets import known_secrets
from llmops_cli.core.release import Release
from llmops_cli.core.secret import Secret
from llmops_cli.core.target import SecretStore
from llmops_cli.errors import BuildError, LlmopsError, PreflightError, SecretFoundError
from llmops_cli.images import builder, context, labels
from llmops_cli.images.dockerfile import quoted
from llmops_cli.images.project_images import Contents
from llmops_cli.images.published import find_published, require_labels, tag_in
from llmops_cli.images.scan.context import refuse_secrets
from llmops_cli.images.scan.published import Wanted, scan_published
from llmops_cli.registries import contents as parts
from llmops_cli.registries.holdings import Removal
from llmops_cli.registries.oci import Registry, make_registry
from llmops_cli.registries.patience import Patience
from llmops_cli.source import Source

#: What Azure runs, unless the project says otherwise.
_PLATFORM = "linux/amd64"
_DOCKERFILE = ".llmops.Dockerfile"
#: For what there is an answer without: then more is searched.
_LITTLE_PATIENCE = Patience(attempts=2)
_SERVING = "What was serving is serving still."


@dataclass(frozen=True)
class Order:
    """An archive of the context (tar.gz), its Dockerfile, and what the image is to be called."""

    archive: Path
    dockerfile: str
    name: str
    platform: str
    use_cache: bool


class RemoteBuilder(Protocol):
    """A registry that builds. ``build`` pushes the image, and returns its digest or nothing.

    It raises AccessError, PreflightError or BuildError.
    """

    def build(self, order: Order, tell: Tell) -> str: ...


@dataclass(frozen=True)
class RemoteImages:
    """Implements `core.image.Images` without an engine.

    The context is searched for secrets before it is sent. What was built has a tag that says so;
    only what was searched, layer by layer, gets the tag of its release. A deploy takes no other.
    """

    config: Config
    source: Source
    contents: Contents
    registry: Registry
    builder: RemoteBuilder
    secrets: SecretStore

    @property
    def is_published(self) -> bool:
        """Always: there is no other place for them."""
        return True

    def name_of(self, release: Release) -> str:
        """Return the ``repository:tag`` of a release's image."""
        return f"{self._repository}:{labels.tag_of(release)}"

    def find(self, release: Release) -> Image | None:
        """Return the image where it was built and searched."""
        return find_published(self.registry, self.name_of(release), release)

    def built(self, release: Release) -> Image | None:
        """Return the image where it was built, and perhaps never searched."""
        found = self.registry.find(labels.building_tag_of(release))
        wanted = labels.identity(release, self.contents.recipe)
        if found is None or not wanted.items() <= dict(found.labels).items():
            return None
        return Image(self.name_of(release), found.configuration, found.digest)

    def documents(self, release: Release) -> Mapping[str, str]:
        """Return the files that a build would use, for people to read."""
        return self.contents.documents(release)

    def build(self, release: Release, options: BuildOptions, tell: Tell) -> Image:
        """Have the registry make the image from the commit, and return it with its digest."""
        self._refuse_engines(options)
        name = f"{self._repository}:{labels.building_tag_of(release)}"
        with context.workspace() as folder, context.workspace() as beside:
            dockerfile = self.contents.write(release, builder.Kind.CLASSIC, folder)
            root = folder / self.contents.root
            known = known_secrets(self.secrets, release)
            refuse_secrets(root, known, self.config.image.scan_ignore)
            self._label(root, dockerfile, release)
            order = Order(
                archive=_packed(root, beside / "context.tar.gz"),
                dockerfile=_DOCKERFILE,
                name=name,
                platform=options.platform or self.config.image.platform or _PLATFORM,
                use_cache=options.use_cache,
            )
            digest = self.builder.build(order, tell)
        found = self.registry.find(digest or labels.building_tag_of(release))
        if found is None:
            raise BuildError(
                f"The registry has built {name}, and does not know it now.",
                state=_SERVING,
                next_step="Run the same command again.",
            )
        require_labels(found.labels, name, release)
        return Image(self.name_of(release), found.configuration, found.digest)

    def scan(self, image: Image, secrets: Mapping[str, Sequence[Secret]]) -> Sequence[Leak]:
        """Look for secrets in all that the image holds; with one in it, it is deleted again.

        Raises:
            SecretFoundError: one is in it.
        """
        wanted = Wanted(secrets, self.config.image.scan_ignore)
        platform = self.config.image.platform or _PLATFORM
        with ExitStack() as stack:
            opened = stack.enter_context(self.registry.opened(image.digest, platform))
            if opened is None:
                raise BuildError(f"The registry does not hold {image.reference}.", state=_SERVING)
            leaks = scan_published(opened, self._base(platform), wanted)
        if leaks:
            raise self._leaking(image, leaks)
        return leaks

    def push(self, image: Image, release: Release, tell: Tell) -> Image:
        """Give the image the tag of its release, and return it."""
        there = self.find(release)
        if there is not None:
            tell("already there")
            return there
        platform = self.config.image.platform or _PLATFORM
        with self.registry.opened(image.digest, platform) as opened:
            if opened is not None:
                opened.tag(tag_in(image.name))
        found = self.find(release)
        if found is None:
            raise BuildError(f"The registry did not keep the tag {image.name}.", state=_SERVING)
        return found

    @property
    def _repository(self) -> str:
        return str(self.config.image.repository)

    def _refuse_engines(self, options: BuildOptions) -> None:
        if options.builder is not None:
            raise PreflightError(
                f"The project has its images built by the registry, not by {options.builder}.",
                state="Nothing was built.",
                next_step=f'Set [image] builder = "{options.builder}" in llmops.toml.',
            )

    def _label(self, root: Path, dockerfile: str, release: Release) -> None:
        """Put labels at the end of the Dockerfile: a run of the registry takes none."""
        found = labels.labels_of(self.config.name, release, self.source, self.contents.recipe)
        if self.contents.base:
            found |= labels.base_labels(self.contents.base, "")
        text = (root / dockerfile).read_text(encoding="utf-8")
        lines = [f"LABEL {quoted(name)}={quoted(found[name])}" for name in sorted(found)]
        (root / _DOCKERFILE).write_text("\n".join([text, *lines, ""]), encoding="utf-8")

    def _base(self, platform: str) -> parts.Contents | None:
        """Return what the base is made of; None where it cannot be asked, and all is searched."""
        if not self.contents.base:
            return None
        name, _, tag = self.contents.base.partition("@")
        try:
            registry = replace(make_registry(Image(name).repository), patience=_LITTLE_PATIENCE)
            with registry.opened(tag or tag_in(name), platform) as opened:
                return opened.contents if opened else None
        except LlmopsError:
            return None

    def _leaking(self, image: Image, leaks: Sequence[Leak]) -> SecretFoundError:
        lines = [
            f"{leak.what}: {leak.place}" + (f" (layer {leak.layer})" if leak.layer else "")
            for leak in leaks
        ]
        try:
            removed = list(self.registry.remove([image.digest])) != [Removal.LOCKED]
        except LlmopsError:
            removed = False
        state = "The image was deleted from the registry again."
        if not removed:
            state = f"The image is in the registry still: {image.reference}. Delete it there."
        return SecretFoundError(
            f"{len(leaks)} secret{'s are' if len(leaks) > 1 else ' is'} in {image.name}.",
            evidence="\n".join(lines),
            state=f"{state} Nobody was sent to it. {_SERVING}",
            next_step="Remove it from the commit, replace the value (llmops secrets set), and "
            "deploy; or name what only looks like one in [image] scan_ignore.",
        )


def _packed(root: Path, file: Path) -> Path:
    """Return an archive of a folder, the same for the same files."""

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mtime = context.MOMENT
        return member

    with tarfile.open(file, "w:gz", compresslevel=6) as archive:
        for path in sorted(root.iterdir()):
            archive.add(path, path.name, filter=plain)
    return file
