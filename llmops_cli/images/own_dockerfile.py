"""The context of an image that a project's own Dockerfile makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.contents.commit_files import put_commit
from llmops_cli.contents.ignoring import Ignored
from llmops_cli.core.release import Release
from llmops_cli.errors import PreflightError
from llmops_cli.images import context
from llmops_cli.images.builder import Kind
from llmops_cli.source import Source


@dataclass(frozen=True)
class OwnDockerfile:
    """The commit's files, less what `.dockerignore` names."""

    path: str
    source: Source

    @property
    def recipe(self) -> str:
        """Everything that goes in is in the commit."""
        return "own"

    @property
    def base(self) -> str:
        """Nothing: what it is put on is said in the Dockerfile."""
        return ""

    @property
    def root(self) -> str:
        """The folder of the commit's files."""
        return context.APP

    def write(self, release: Release, kind: Kind, folder: Path) -> str:
        """Write the context into a folder, and return the path of the Dockerfile in it.

        Raises:
            PreflightError: the commit lacks the Dockerfile.
            BuildError: something cannot be read or written.
        """
        ignored = Ignored([*self._lines(release), *(f"!{name}" for name in self._read_by_builder)])
        paths = put_commit(self.source, release.tree, folder / context.APP, ignored)
        if self.path not in paths:
            raise PreflightError(
                f"The commit has no {self.path}, which [image] dockerfile names.",
                state="Nothing was built.",
                next_step=f"git add {self.path} && git commit, or mend [image] dockerfile.",
            )
        context.level(folder)
        return self.path

    def documents(self, release: Release) -> Mapping[str, str]:
        """Return nothing: the Dockerfile is the project's own."""
        return {}

    @property
    def _read_by_builder(self) -> tuple[str, str, str]:
        return (self.path, f"{self.path}.dockerignore", ".dockerignore")

    def _lines(self, release: Release) -> list[str]:
        # A file for this Dockerfile goes before the one for all, as it does for BuildKit.
        for name in self._read_by_builder[1:]:
            text = self.source.read(release.tree, name)
            if text is not None:
                return text.splitlines()
        return []
