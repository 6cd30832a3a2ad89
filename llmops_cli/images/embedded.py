"""The context of an image that holds the embedded API and a project's files."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llmops_cli import __version__
from llmops_cli.config.model import Config
from llmops_cli.contents import requirements
from llmops_cli.contents.app_files import model_files, put_app, requirement_texts
from llmops_cli.contents.commit_files import remove_empty
from llmops_cli.contents.served_code import put_served_code, served_code
from llmops_cli.core.release import Release
from llmops_cli.images import context
from llmops_cli.images.builder import Kind
from llmops_cli.images.dockerfile import dockerfile
from llmops_cli.images.labels import tag_of
from llmops_cli.source import Source

_DOCKERFILE = "Dockerfile"
#: The packages that are ours, and the project's own.
_REQUIREMENTS = ("requirements.txt", "project-requirements.txt")


@dataclass(frozen=True)
class Embedded:
    """What such an image is made of."""

    config: Config
    source: Source

    @property
    def recipe(self) -> str:
        """A digest of all that goes in besides the commit."""
        found = hashlib.sha256()
        for text in (
            requirements.locked(requirements.extras(self.config)),
            dockerfile(self.config, Kind.CLASSIC, {}),
        ):
            found.update(text.encode())
        for name, content in served_code():
            found.update(name.encode() + b"\0" + content)
        return found.hexdigest()[:16]

    @property
    def base(self) -> str:
        """The image that it is put on."""
        return self.config.image.base

    @property
    def root(self) -> str:
        """The context is the whole folder."""
        return "."

    def write(self, release: Release, kind: Kind, folder: Path) -> str:
        """Write the context into a folder, and return the name of the Dockerfile.

        Raises:
            PreflightError: the commit lacks a file that the image needs.
            BuildError: something cannot be read or written.
        """
        self._write_requirements(release, folder)
        put_served_code(folder / context.CODE)
        put_app(self.config, self.source, release, folder / context.APP, "image")
        self._set_models_apart(folder)
        text = dockerfile(self.config, kind, _identity(release))
        (folder / _DOCKERFILE).write_text(text, encoding="utf-8")
        context.level(folder)
        return _DOCKERFILE

    def documents(self, release: Release) -> Mapping[str, str]:
        """Return the Dockerfile, for BuildKit, and the packages that are ours, as they are used."""
        return {
            "image/Dockerfile": dockerfile(self.config, Kind.BUILDKIT, _identity(release)),
            "image/requirements.txt": requirements.locked(requirements.extras(self.config)),
        }

    def _write_requirements(self, release: Release, folder: Path) -> None:
        texts = requirement_texts(self.config, self.source, release)
        for name, text in zip(_REQUIREMENTS, texts, strict=False):
            (folder / name).write_text(text, encoding="utf-8")

    def _set_models_apart(self, folder: Path) -> None:
        """Move the models to where they become a layer of their own."""
        for path in model_files(self.config):
            moved = folder / context.MODELS / context.APP / path
            moved.parent.mkdir(parents=True, exist_ok=True)
            (folder / context.APP / path).rename(moved)
        remove_empty(folder / context.APP)


def _identity(release: Release) -> dict[str, str]:
    return {
        "LLMOPS_RELEASE": tag_of(release),
        "LLMOPS_COMMIT": release.commit,
        "LLMOPS_VERSION": __version__,
    }
