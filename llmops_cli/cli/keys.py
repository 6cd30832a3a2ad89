"""`llmops keys`."""

import sys
from typing import Annotated

import typer

from llmops_cli.cli.session import session_of
from llmops_cli.core.secret import Secret
from llmops_cli.errors import UsageError

app = typer.Typer(
    help="Make keys for callers of the API, and hashes of passwords. Nothing is stored.",
    rich_markup_mode=None,
)


@app.command("create")
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the caller, as logs will show it.")],
    tenant: Annotated[
        str, typer.Option("--tenant", help="Whose data the caller sees.")
    ] = "default",
) -> None:
    """Make a random key: it is printed this once, and its digest is for the project file."""
    from llmops_cli.flows import keys as flow

    output = session_of(context).output
    made = flow.create(name, tenant)
    document = {
        "name": made.entry.name,
        "tenant": made.entry.tenant,
        "key": made.value.reveal(),
        "sha256": made.entry.sha256,
        "toml": made.stanza,
    }
    output.result(document, made.value.reveal())
    if not output.as_json:
        output.note(f"The key is shown this once. Add to llmops.toml:\n\n{made.stanza}")
        output.note("\n  next: llmops deploy")


@app.command("hash-password", context_settings={"allow_extra_args": True})
def hash_password(context: typer.Context) -> None:
    """Hash a password, from a prompt without echo or from stdin, for a user who logs in."""
    from llmops_cli.flows import keys as flow

    if context.args:
        # The usual complaint about a word too many would repeat the word.
        raise UsageError(
            "A password is never an argument: it would stay in the history of the shell.",
            next_step="llmops keys hash-password",
        )
    output = session_of(context).output
    hashed = flow.hash_password(_password())
    output.result({"hash": hashed}, hashed)
    if sys.stdout.isatty():
        output.note("  next: llmops secrets set AUTH_ADMIN_HASH")


def _password() -> Secret:
    if not sys.stdin.isatty():
        return Secret(sys.stdin.read().rstrip("\r\n"))
    text = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return Secret(text)
