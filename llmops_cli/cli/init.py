"""`llmops init`."""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmops_cli.cli.options import Yes
from llmops_cli.cli.output import Output
from llmops_cli.cli.session import Session, session_of
from llmops_cli.core.target import SecretStore
from llmops_cli.errors import UsageError

# The flow is imported when it is used: completion loads every command's module.
if TYPE_CHECKING:
    from llmops_cli.flows import init as flow
    from llmops_cli.flows.scaffold import Decide, FileChange

_HERE = Path()
#: Kinds of target, and templates, for help and completion, which load no more than they must.
KINDS = (
    *("local", "compose", "host", "azure", "azure-containerapp"),
    *("aws", "gcp", "gcp-run"),
)
TEMPLATES = ("chat", "gpu-stack", "litellm-proxy", "production", "router")


def _kinds(incomplete: str) -> list[str]:
    return [kind for kind in KINDS if kind.startswith(incomplete)]


def _templates(incomplete: str) -> list[str]:
    return [template for template in TEMPLATES if template.startswith(incomplete)]


def command(
    context: typer.Context,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder; made if missing.")
    ] = _HERE,
    *,
    target: Annotated[
        str | None,
        typer.Option(
            "--target",
            metavar="KIND",
            help=f"Kind of the first target: {', '.join(KINDS)}. Default: by the template.",
            autocompletion=_kinds,
        ),
    ] = None,
    template: Annotated[
        str,
        typer.Option(
            "--template",
            help=f"What to start from: {', '.join(TEMPLATES)}.",
            autocompletion=_templates,
        ),
    ] = "chat",
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the project. Default: the folder's.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite edited files, after showing what changes.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be written, and write nothing.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Write a project that deploys as it is.

    An edited file is never overwritten silently: on a terminal the difference is shown and asked
    about, elsewhere and with --yes the file is kept. Outside any git repository, one is made.
    """
    from llmops_cli.flows import init as flow

    session = session_of(context)
    folder = session.directory / directory
    asks = _asks(session, yes=yes)
    named = _name(folder, name, asks=asks)
    plan = flow.plan(flow.Request(folder, named, target, template))
    if dry_run:
        _show(folder, plan.files, None, [_command("llmops init", directory)], session.output)
        return
    outcome = flow.do(plan, _decide(session.output, force=force, asks=asks), _opener(folder))
    _tell(outcome, session.output)
    sha = outcome.committed.sha if outcome.committed else None
    _show(folder, outcome.files, sha, _next(folder, outcome), session.output)


def _asks(session: Session, *, yes: bool) -> bool:
    return not (yes or session.options.json) and sys.stdin.isatty() and sys.stderr.isatty()


def _name(folder: Path, wanted: str | None, *, asks: bool) -> str:
    from llmops_cli.flows.project_files import existing_project
    from llmops_cli.flows.project_name import check_name, name_after

    there = existing_project(folder)
    name = wanted or (there.name if there else name_after(folder))
    if name is None and asks:
        name = typer.prompt("Name of the project", err=True)
    if name is None:
        message = f"The folder {str(folder)!r} gives no name for a project."
        raise UsageError(message, state="Nothing was written.", next_step="llmops init --name NAME")
    return check_name(name)


def _decide(output: Output, *, force: bool, asks: bool) -> "Decide":
    def decide(change: "FileChange") -> bool:
        output.note(change.diff)
        if force:
            return True
        if asks:
            return typer.confirm(f"Overwrite {change.path}?", default=False, err=True)
        output.note(f"{change.path} is kept as it is; --force overwrites it.")
        return False

    return decide


def _opener(folder: Path) -> "flow.OpenSecrets":
    def open_secrets() -> SecretStore | None:
        from llmops_cli.catalog.targets import make_target
        from llmops_cli.config.api_access import API_KEY
        from llmops_cli.config.environment import required_secrets
        from llmops_cli.config.load import load, target_name
        from llmops_cli.config.target import LocalTarget

        config = load(folder)
        name = target_name(config, None)
        is_here = isinstance(config.targets[name], LocalTarget)
        if API_KEY not in required_secrets(config) or not is_here:
            return None
        return make_target(config, name, folder).secrets

    return open_secrets


def _tell(outcome: "flow.Outcome", output: Output) -> None:
    if outcome.has_new_key:
        output.note("LLMOPS_API_KEY was generated; callers of the API present it.")
    if outcome.committed and outcome.committed.is_by_llmops:
        output.note("The commit names llmops as its author: git knows no user.name and user.email.")


def _next(folder: Path, outcome: "flow.Outcome") -> list[str]:
    go = [_command("cd", folder)] if os.path.realpath(folder) != os.path.realpath(_HERE) else []
    is_written = any(change.is_written for change in outcome.files)
    message = " -m 'Add llmops'" if is_written else ""
    commit = [f"git add . && git commit{message}"] if outcome.has_changes else []
    return [*go, *commit, *(_elsewhere(folder) or [*_secrets(folder, None), "llmops deploy"])]


def _elsewhere(folder: Path) -> list[str]:
    """Return what leads to a release on the first target in a cloud or on hosts, if any is."""
    return _in_a_cloud(folder) or _on_hosts(folder)


def _on_hosts(folder: Path) -> list[str]:
    from llmops_cli.config.api_access import API_KEY
    from llmops_cli.config.environment import required_secrets
    from llmops_cli.config.host_target import HostTarget
    from llmops_cli.config.load import load
    from llmops_cli.config.placeholders import placeholders

    config = load(folder)
    found = [(n, target) for n, target in config.targets.items() if isinstance(target, HostTarget)]
    if not found:
        return []
    name, target = found[0]
    # Only the operator knows what the hosts are called.
    edit = ["${EDITOR:-vi} llmops.toml", "git commit -am 'Name the hosts'"]
    # The key of the API is made with the rest; the others are the operator's.
    has_more = bool({*required_secrets(config)} - {API_KEY})
    secrets = [f"llmops secrets check -t {name}"] if has_more else []
    make = f"llmops infra apply -t {name}"
    return [*(edit if placeholders(target) else []), make, *secrets, f"llmops deploy -t {name}"]


def _in_a_cloud(folder: Path) -> list[str]:
    from llmops_cli.config.aws_target import AwsTarget
    from llmops_cli.config.azure import AzureTarget
    from llmops_cli.config.gcp import GcpTarget
    from llmops_cli.config.load import load

    kinds = (AzureTarget, AwsTarget, GcpTarget)
    targets = load(folder).targets.items()
    found = [(name, target) for name, target in targets if isinstance(target, kinds)]
    if not found:
        return []
    name, target = found[0]
    edit = _edit_for_cloud(target)
    is_made = target.resource_group if isinstance(target, AzureTarget) else target.bucket
    # What a cloud calls the things it made is written into llmops.toml, and a release is a commit.
    make = [f"llmops infra apply -t {name}", "git add . && git commit -m 'Name the infrastructure'"]
    secrets = [f"{command} -t {name}" for command in _secrets(folder, name)]
    return [*([] if is_made else [*edit, *make]), *secrets, f"llmops deploy -t {name}"]


def _edit_for_cloud(target: object) -> list[str]:
    """Return what leads to a target of which only the operator knows more, if there is more."""
    from llmops_cli.config.aws_target import AwsTarget
    from llmops_cli.config.gcp import GcpTarget

    infra = target.infra if isinstance(target, AwsTarget) else None
    is_closed = infra is not None and not (infra.domain or infra.networks)
    is_nowhere = isinstance(target, GcpTarget) and target.project is None
    return ["${EDITOR:-vi} llmops.toml"] if is_closed or is_nowhere else []


def _secrets(folder: Path, target: str | None) -> list[str]:
    """Return what sets the secrets of a target that is not on this machine, or lists them."""
    from llmops_cli.config.environment import credential_secret, required_secrets
    from llmops_cli.config.load import load, target_name
    from llmops_cli.config.on_target import on_target
    from llmops_cli.config.target import LocalTarget

    config = load(folder)
    name = target_name(config, target)
    config = on_target(config, name)
    names = required_secrets(config)
    if not names or isinstance(config.targets[name], LocalTarget):
        return []
    key = credential_secret(config)
    return [f"llmops secrets set {key} --generate" if names == (key,) else "llmops secrets check"]


def _command(command: str, folder: Path) -> str:
    return f"{command} {shlex.quote(str(folder))}" if folder != _HERE else command


def _show(
    folder: Path,
    files: "tuple[FileChange, ...]",
    committed: str | None,
    steps: list[str],
    output: Output,
) -> None:
    document = {
        "directory": os.path.realpath(folder),
        "files": [{"path": change.path, "action": change.action.value} for change in files],
        "committed": committed,
        "next": steps,
    }
    lines = [f"{change.action.value:<9}  {change.path}" for change in files]
    lines += [f"commit     {committed[:12]} on main"] if committed else []
    output.result(document, "\n".join([*lines, f"  next: {' && '.join(steps)}"]))
