"""From the command line to a project: its file, its repository, its target, its golden prompts."""

from llmops_cli.catalog import make_target
from llmops_cli.checks.evals import load_evals
from llmops_cli.cli.session import Session
from llmops_cli.config.load import load, target_name
from llmops_cli.core.target import Target
from llmops_cli.flows.project import Project
from llmops_cli.source import open_source


def open_project(session: Session, target: str | None) -> Project:
    """Read all that a deploy needs.

    Raises:
        ConfigError: the project file, or a file that it names, is invalid.
        PreflightError: the project is in no git repository.
    """
    directory = session.directory
    config = load(directory)
    evals = load_evals(directory / config.checks.evals)
    chosen = make_target(config, target_name(config, target), directory)
    return Project(config, open_source(directory), chosen, evals)


def open_target(session: Session, target: str | None) -> Target:
    """Read what looking at a target needs.

    Raises:
        ConfigError: the project file is invalid.
    """
    config = load(session.directory)
    return make_target(config, target_name(config, target), session.directory)
