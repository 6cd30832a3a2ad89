"""Which files of a commit, and which packages, the embedded API gets."""

from collections.abc import Collection
from pathlib import Path, PurePosixPath

from llmops_cli.config.model import Config
from llmops_cli.contents import requirements
from llmops_cli.contents.commit_files import put_commit
from llmops_cli.contents.ignoring import LEFT_OUT, Ignored
from llmops_cli.core.release import Release
from llmops_cli.errors import PreflightError
from llmops_cli.source import Source


def put_app(config: Config, source: Source, release: Release, folder: Path, place: str) -> None:
    """Write the files of a release's commit that its API may need into a new folder.

    ``place`` says where they go, for people.

    Raises:
        PreflightError: one that the project file names is not among them.
        BuildError: they cannot be read or written.
    """
    own = (source.read(release.tree, ".dockerignore") or "").splitlines()
    ignored = Ignored((*LEFT_OUT, *_kept(config), *own))
    _require(config, put_commit(source, release.tree, folder, ignored), place)


def model_files(config: Config) -> list[str]:
    """Return the models that are files of the commit. They are large, and seldom changed."""
    named = [upstream.gguf for upstream in config.api.upstreams if upstream.gguf]
    return sorted({path for path in named if not PurePosixPath(path).is_absolute()})


def requirement_texts(config: Config, source: Source, release: Release) -> list[str]:
    """Return the packages of a release: those that are ours, then the project's own.

    Raises:
        PreflightError: the project's cannot be installed as they are written.
    """
    texts = [requirements.locked(requirements.extras(config))]
    path = config.image.requirements
    if path is not None:
        texts.append(requirements.checked(path, source.read(release.tree, path)))
    return texts


def _needed(config: Config) -> list[str]:
    """Return the files that the API reads."""
    prompt = config.api.system_prompt
    return [*([prompt] if prompt else []), *model_files(config)]


def _kept(config: Config) -> list[str]:
    """Return the lines that keep what the project file names, whatever it is called."""
    named = [*config.api.routers, *([config.api.app] if config.api.app else [])]
    modules = {name.partition(":")[0].partition(".")[0] for name in named}
    return [f"!{path}" for path in (*_needed(config), *sorted(modules))]


def _require(config: Config, paths: Collection[str], place: str) -> None:
    for path in _needed(config):
        if path not in paths:
            raise PreflightError(
                f"{path}, which llmops.toml names, would not be in the {place}.",
                evidence="The commit lacks it, or .dockerignore leaves it out.",
                state="Nothing was built.",
                next_step=f"git add {path}, or add the line !{path} to .dockerignore; commit.",
            )
