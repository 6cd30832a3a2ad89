"""The files that a target would run the project's release with, for people to read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from llmops_cli.core.image import Images
from llmops_cli.core.release import Release
from llmops_cli.core.target import Documented
from llmops_cli.errors import PreflightError
from llmops_cli.flows.project import Project
from llmops_cli.flows.resolve import resolve


@dataclass(frozen=True)
class Rendered:
    """A release, and the texts of its files by path; there are none where processes run it."""

    release: Release
    files: Mapping[str, str]


def render(project: Project, *, allow_dirty: bool = False) -> Rendered:
    """Return the files of the target and of its images. Changes nothing.

    Raises:
        ConfigError: the project file, or a file that it names, is invalid.
        PreflightError: there are changes that no commit has, or the target cannot be asked.
    """
    release = resolve(project.config, project.source, project.target, allow_dirty=allow_dirty)
    if project.images is not None:
        release = replace(release, image=_image_of(project.images, release))
    files: dict[str, str] = {}
    for part in (project.target, project.images):
        if isinstance(part, Documented):
            files |= part.documents(release)
    return Rendered(release, dict(sorted(files.items())))


def _image_of(images: Images, release: Release) -> str:
    """Return the image that is here already, or the name of the one that a deploy would make.

    No registry is asked, and no engine is needed: targets elsewhere have none here.
    """
    try:
        built = images.built(release)
    except PreflightError:
        built = None
    return built.reference if built else images.name_of(release)


def write(rendered: Rendered, folder: Path) -> tuple[Path, ...]:
    """Write the files into a folder, over what is there, and return their paths.

    Raises:
        PreflightError: one cannot be written.
    """
    written = []
    for path, text in rendered.files.items():
        file = folder / path
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise PreflightError(
                f"{file} cannot be written.",
                evidence=str(error.strerror),
                next_step="Name another folder: llmops render --output DIR",
            ) from error
        written.append(file)
    return tuple(written)
