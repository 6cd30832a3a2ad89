"""`llmops secrets`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmops_cli.cli.options import LockWait, Target, Yes
from llmops_cli.cli.outcome import outcome_document, outcome_text
from llmops_cli.cli.output import columns
from llmops_cli.cli.progress import shown
from llmops_cli.cli.project import open_config, open_project, open_target
from llmops_cli.cli.session import session_of
from llmops_cli.core.secret import Secret
from llmops_cli.errors import UsageError

if TYPE_CHECKING:
    from llmops_cli.flows.secrets import Listed

app = typer.Typer(
    help="Set, change, list, check and remove secret values. A value is never shown and never an "
    "argument.",
    rich_markup_mode=None,
)
Name = Annotated[str, typer.Argument(help="Name of the secret, as in OPENAI_API_KEY.")]
File = Annotated[Path | None, typer.Option("--file", help="Read the value from a file.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a random value.")]


@app.command("set", context_settings={"allow_extra_args": True})
def set_value(
    context: typer.Context,
    name: Name,
    target: Target = None,
    file: File = None,
    generate: Generate = False,
) -> None:
    """Store a value: from a prompt without echo, from stdin, from a file, or generated."""
    from llmops_cli.flows import secrets as flow

    session = session_of(context)
    _refuse_values(context, f"llmops secrets set {name}")
    chosen = open_target(session, target)
    value = flow.generated(name) if generate else _value(name, file)
    version = flow.store(chosen, name, value)
    text = f"{name} is set on {chosen.name} (version {version}).\n  next: llmops deploy"
    session.output.result({"name": name, "version": version}, text)


@app.command("rotate", context_settings={"allow_extra_args": True})
def rotate(
    context: typer.Context,
    name: Name,
    target: Target = None,
    file: File = None,
    generate: Generate = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Drop the older keys that are still good.")
    ] = False,
    lock_wait: LockWait = 0,
) -> None:
    """Store a new value and deploy the live release anew with it, verified and reversible.

    Where that fails, the value before stays current. A key of the API, such as LLMOPS_API_KEY, is
    good beside the new one until --finish drops it, so that callers can be changed meanwhile.
    """
    from llmops_cli.flows import rotate as flow
    from llmops_cli.flows.secrets import generated

    session = session_of(context)
    _refuse_values(context, f"llmops secrets rotate {name}")
    if finish and (file or generate):
        raise UsageError("--finish takes no value.", state="Nothing was stored.")
    project = open_project(session, target)
    value = None if finish else generated(name) if generate else _value(name, file)
    with shown(session.output) as observe:
        done = flow.rotate(project, flow.Order(name, value, lock_wait), observe)
    document: dict[str, object] = {"name": name, "version": done.version, "keys": done.keys}
    text = f"{name} is changed on {project.target.name} (version {done.version})."
    if done.outcome is None:
        text += "\n  The live release does not use it; nothing was deployed."
    else:
        for warning in done.outcome.warnings:
            session.output.note(f"Warning: {warning}")
        document |= outcome_document(done.outcome)
        text += f"\n{outcome_text(done.outcome)}"
    if done.keys > 1:
        text += f"\n  {done.keys} keys are good now; to drop the older: "
        text += f"llmops secrets rotate {name} --finish"
    session.output.result(document, text)


@app.command("list")
def list_names(context: typer.Context, target: Target = None) -> None:
    """List the secrets that are needed or set, without their values."""
    from llmops_cli.flows import secrets as flow

    session = session_of(context)
    found = flow.listed(*open_config(session, target))
    session.output.result({"secrets": [vars(secret) for secret in found]}, _table(found))


@app.command("check")
def check(context: typer.Context, target: Target = None) -> None:
    """Check that every secret that a deploy needs has a value. Exit with 4 where not."""
    from llmops_cli.flows import secrets as flow

    session = session_of(context)
    found = flow.check(*open_config(session, target))
    session.output.result({"secrets": [vars(secret) for secret in found]}, _table(found))


@app.command("unset")
def unset(context: typer.Context, name: Name, target: Target = None, yes: Yes = False) -> None:
    """Remove every version of a value. Releases that are pinned to one cannot be gone back to."""
    session = session_of(context)
    chosen = open_target(session, target)
    if not yes:
        _confirm(name, chosen.name)
    note = chosen.secrets.remove(name)
    text = f"{name} is removed from {chosen.name}." + (f"\n  {note}" if note else "")
    session.output.result({"name": name, "version": None, "note": note}, text)


def _refuse_values(context: typer.Context, command: str) -> None:
    if context.args:
        # The usual complaint about a word too many would repeat the word.
        raise UsageError(
            "A value is never an argument: it would stay in the history of the shell.",
            state="Nothing was stored.",
            next_step=command,
        )


def _value(name: str, file: Path | None) -> Secret:
    if file is not None:
        return Secret(_read(file).rstrip("\r\n"))
    if sys.stdin.isatty():
        return Secret(typer.prompt(f"Value of {name}", hide_input=True, err=True))
    return Secret(sys.stdin.read().rstrip("\r\n"))


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{file} cannot be read.",
            evidence=error.strerror or "" if isinstance(error, OSError) else "It is not UTF-8.",
            state="Nothing was stored.",
        ) from error


def _confirm(name: str, target: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            "Removing a secret wants to be confirmed, and there is no terminal to ask.",
            state="Nothing was changed.",
            next_step=f"llmops secrets unset {name} --yes",
        )
    typer.confirm(f"Remove every version of {name} from {target}?", abort=True, err=True)


def _table(found: "list[Listed]") -> str:
    rows = [
        (
            secret.name,
            "placeholder" if secret.is_placeholder else secret.version or "missing",
            "required" if secret.required else "",
        )
        for secret in found
    ]
    return columns(rows, ("NAME", "VERSION", ""))
