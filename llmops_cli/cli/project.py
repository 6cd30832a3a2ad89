"""From the command line to a project: its file, its repository, its target, its golden prompts."""

from typing import TYPE_CHECKING

from llmops_cli.cli.session import Session

# Everything is imported when it is used: completion and help load every command's module.
if TYPE_CHECKING:
    from llmops_cli.config.model import Config
    from llmops_cli.core.target import Target
    from llmops_cli.flows.project import Project


def open_project(session: Session, target: str | None) -> "Project":
    """Read all that a deploy needs.

    Raises:
        ConfigError: the project file, or a file that it names, is invalid.
        PreflightError: the project is in no git repository.
    """
    from llmops_cli.catalog.images import make_images
    from llmops_cli.checks.evals import load_evals
    from llmops_cli.flows.project import Project
    from llmops_cli.source import open_source

    directory = session.directory
    config, chosen = open_config(session, target)
    evals = load_evals(directory / config.checks.evals)
    images = make_images(config, chosen.name, directory, chosen)
    return Project(config, open_source(directory), chosen, evals, images)


def open_target(session: Session, target: str | None) -> "Target":
    """Read what looking at a target needs.

    Raises:
        ConfigError: the project file is invalid.
    """
    return open_config(session, target)[1]


def open_config(session: Session, target: str | None) -> "tuple[Config, Target]":
    """Read the project file and make the target that it is about.

    Raises:
        ConfigError: the project file is invalid, or there is no such target.
    """
    from llmops_cli.catalog.targets import make_target
    from llmops_cli.config.load import load, target_name
    from llmops_cli.config.on_target import on_target

    config = load(session.directory)
    name = target_name(config, target)
    config = on_target(config, name)
    return config, make_target(config, name, session.directory)
