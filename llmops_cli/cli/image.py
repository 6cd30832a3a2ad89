"""What `llmops build` and `llmops push` share: their options, the release, the result."""

from typing import TYPE_CHECKING, Annotated

import typer

from llmops_cli.cli.output import Output
from llmops_cli.errors import UsageError

if TYPE_CHECKING:
    from llmops_cli.core.image import BuildOptions, Image
    from llmops_cli.core.release import Release
    from llmops_cli.flows.project import Project

#: Programs on this machine.
_BUILDERS = ("docker", "podman")
Platform = Annotated[
    str | None, typer.Option("--platform", help="Platform to build for, such as linux/arm64.")
]
Builder = Annotated[
    str | None, typer.Option("--builder", help="Program that builds: docker or podman.")
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Take nothing from earlier builds.")]


def options_of(platform: str | None, builder: str | None, no_cache: bool) -> "BuildOptions":
    """Return the options as the flow takes them.

    Raises:
        UsageError: there is no such program.
    """
    from llmops_cli.core.image import BuildOptions

    if builder not in (None, *_BUILDERS):
        raise UsageError(
            f"There is no builder {builder!r}.",
            evidence=f"There are: {', '.join(_BUILDERS)}.",
            state="Nothing was built.",
            next_step='For builds in a registry of Azure, set [image] builder = "acr".',
        )
    return BuildOptions(platform, builder, use_cache=not no_cache)


def released(project: "Project", allow_dirty: bool) -> "Release":
    """Return the release that the project is now."""
    from llmops_cli.flows.resolve import resolve

    return resolve(project.config, project.source, project.target, allow_dirty=allow_dirty)


def show_image(image: "Image", verb: str, next_step: str, output: Output) -> None:
    """Print what was made, and name the next command."""
    document = {"name": image.name, "id": image.id, "digest": image.digest, "pin": image.reference}
    pin = f"  {image.reference}\n" if image.reference != image.name else ""
    output.result(document, f"{verb} {image.name}\n{pin}  next: {next_step}")
