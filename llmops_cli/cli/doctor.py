"""`llmops doctor`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from llmops_cli.cli.options import Target
from llmops_cli.cli.output import Output
from llmops_cli.cli.session import session_of
from llmops_cli.errors import ConfigError, LlmopsError, PreflightError

if TYPE_CHECKING:
    from llmops_cli.config.model import Config
    from llmops_cli.core.diagnosis import Diagnosis, Probe


def command(context: typer.Context, target: Target = None) -> None:
    """Examine this machine and this project, and say what to mend.

    One line for each finding, with the fix. Nothing is changed. Works without a project, a
    repository, an engine or a network: what is missing is said. Exits with 4 where a problem is.
    """
    from llmops_cli.flows import doctor, doctor_machine, doctor_repository

    session = session_of(context)
    probes = [*doctor_machine.probes(), *doctor_repository.probes(session.directory)]
    found = doctor.examine([*probes, *_project_probes(session.directory, target)])
    _conclude(found, doctor.problems(found), session.output)


def _project_probes(directory: Path, target: str | None) -> "list[Probe]":
    """Return the looks at the project file and, where that is valid, at its targets."""
    from llmops_cli.config.load import FILE_NAME, load, target_name
    from llmops_cli.core.diagnosis import Probe, failing, ok

    try:
        config = load(directory)
    except ConfigError as error:
        return [failing("project file", error)]
    names = list(config.targets) if target is None else [target_name(config, target)]
    summary = ok("project file", f"{FILE_NAME} is valid; targets: {', '.join(config.targets)}")
    found = [Probe("project file", lambda: [summary])]
    for name in names:
        found += _target_probes(config, name, directory)
    return found


def _target_probes(config: "Config", name: str, directory: Path) -> "list[Probe]":
    from llmops_cli.catalog.doctor import make_probes
    from llmops_cli.catalog.targets import make_target
    from llmops_cli.config.environment import required_secrets
    from llmops_cli.config.on_target import on_target
    from llmops_cli.core.diagnosis import failing
    from llmops_cli.flows import doctor_secrets, litellm

    try:
        config = on_target(config, name)
        target = make_target(config, name, directory)
    except LlmopsError as error:
        return [failing(name, error)]
    secrets = doctor_secrets.probe(target, required_secrets(config))
    found = make_probes(config, name, directory, target)
    return [*found, *litellm.probes(config, target, directory), secrets]


def _conclude(
    found: "Sequence[Diagnosis]", problems: "Sequence[Diagnosis]", output: Output
) -> None:
    """Print the findings; where there is a problem, end with status 4."""
    document: dict[str, object] = {
        "findings": [
            {"subject": each.subject, "health": each.health, "text": each.text, "fix": each.fix}
            for each in found
        ],
        "problems": len(problems),
    }
    error = _error(problems) if problems else None
    if error:
        document["error"] = error.as_dict()
    width = max((len(each.subject) for each in found), default=0)
    output.result(document, "\n".join(_line(each, width) for each in found))
    if error and output.as_json:
        # The document on stdout tells the error already.
        raise typer.Exit(error.exit_status)
    if error:
        raise error


def _line(found: "Diagnosis", width: int) -> str:
    fix = f" → {found.fix}" if found.fix else ""
    return f"{found.health:<7}  {found.subject:<{width}}  {found.text}{fix}"


def _error(problems: "Sequence[Diagnosis]") -> PreflightError:
    count = "One problem was" if len(problems) == 1 else f"{len(problems)} problems were"
    return PreflightError(
        f"{count} found: {', '.join(dict.fromkeys(each.subject for each in problems))}.",
        state="Nothing was changed.",
        next_step=problems[0].fix,
    )
