"""`llmops serve`."""

import importlib.util
import os
import sys
import tempfile
from typing import Annotated

import typer

from llmops_cli.cli.options import Target
from llmops_cli.cli.project import open_config
from llmops_cli.cli.session import session_of
from llmops_cli.core.secret import Secret
from llmops_cli.errors import PreflightError


def command(
    context: typer.Context,
    target: Target = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port.")] = 8080,
) -> None:
    """Run the API of the working tree in the foreground, for trying things out.

    It is no release: it is not verified, not recorded, and ends with this command.
    """
    from llmops_cli.config.environment import api_environment, required_secrets

    session = session_of(context)
    directory = session.directory
    if importlib.util.find_spec("fastapi") is None:
        raise PreflightError(
            "The packages that serve the API are not installed.",
            next_step="pip install 'llmops-cli[serve]'",
        )
    config, chosen = open_config(session, target)
    values = {name: chosen.secrets.read(name) for name in required_secrets(config)}
    environment = {
        **os.environ,
        **api_environment(config),
        **{f"{name}_FILE": _open_file(value) for name, value in values.items() if value},
        "LLMOPS_RELEASE": "working-tree",
        "LLMOPS_DATA_DIR": str(directory.resolve() / ".llmops" / "serve"),
        "HOST": host,
        "PORT": str(port),
    }
    os.chdir(directory)
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-P", "-m", "llmops_cli.serve"], environment)  # noqa: S606


def _open_file(value: Secret) -> str:
    """Return the path of an open file without a name, for the process that we become.

    The environment is no place for a value: every process of this user can read it.
    """
    with tempfile.TemporaryFile() as file:
        file.write(value.reveal().encode())
        file.seek(0)
        descriptor = os.dup(file.fileno())
    os.set_inheritable(descriptor, True)
    return f"/dev/fd/{descriptor}"
