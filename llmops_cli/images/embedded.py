"""The context of an image that holds the embedded API and a project's files."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llmops_cli import __version__
from llmops_cli.config.model import Config
from llmops_cli.contents import requirements
from llmops_cli.contents.commit_files import put_commit, remove_empty
from llmops_cli.contents.ignoring import LEFT_OUT, Ignored
from llmops_cli.contents.served_code import put_served_code, served_code
from llmops_cli.core.release import Release
from llmops_cli.errors import PreflightError
from llmops_cli.images import context
from llmops_cli.images.builder import Kind
from llmops_cli.images.dockerfile import dockerfile, model_files
from llmops_cli.images.labels import tag_of
from llmops_cli.source import Source

_DOCKERFILE = "Dockerfile"


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
        ignored = Ignored((*LEFT_OUT, *self._kept(), *self._own_lines(release)))
        paths = put_commit(self.source, release.tree, folder / context.APP, ignored)
        self._require(paths)
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
        ours = requirements.locked(requirements.extras(self.config))
        (folder / "requirements.txt").write_text(ours, encoding="utf-8")
        path = self.config.image.requirements
        if path is not None:
            theirs = self.source.read(release.tree, path)
            text = requirements.checked(path, theirs)
            (folder / "project-requirements.txt").write_text(text, encoding="utf-8")

    def _set_models_apart(self, folder: Path) -> None:
        """Move the models to where they become a layer of their own."""
        for path in model_files(self.config):
            moved = folder / context.MODELS / context.APP / path
            moved.parent.mkdir(parents=True, exist_ok=True)
            (folder / context.APP / path).rename(moved)
        remove_empty(folder / context.APP)

    def _own_lines(self, release: Release) -> list[str]:
        return (self.source.read(release.tree, ".dockerignore") or "").splitlines()

    def _needed(self) -> list[str]:
        """Return the files that the API reads."""
        prompt = self.config.api.system_prompt
        return [*([prompt] if prompt else []), *model_files(self.config)]

    def _kept(self) -> list[str]:
        """Return the lines that keep what the project file names, whatever it is called."""
        named = [*self.config.api.routers, *([self.config.api.app] if self.config.api.app else [])]
        modules = {name.partition(":")[0].partition(".")[0] for name in named}
        return [f"!{path}" for path in (*self._needed(), *sorted(modules))]

    def _require(self, paths: list[str]) -> None:
        for path in self._needed():
            if path not in paths:
                raise PreflightError(
                    f"{path}, which llmops.toml names, would not be in the image.",
                    evidence="The commit lacks it, or .dockerignore leaves it out.",
                    state="Nothing was built.",
                    next_step=f"git add {path}, or add the line !{path} to .dockerignore; commit.",
                )


def _identity(release: Release) -> dict[str, str]:
    return {
        "LLMOPS_RELEASE": tag_of(release),
        "LLMOPS_COMMIT": release.commit,
        "LLMOPS_VERSION": __version__,
    }
