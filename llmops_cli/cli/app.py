"""Builds the Typer application, runs it, and turns every failure into an exit status."""

import importlib
import os
import signal
import sys
import traceback
from types import FrameType
from typing import Annotated, NoReturn

import typer
from typer.main import get_command

from llmops_cli import __version__
from llmops_cli.cli import commands
from llmops_cli.cli.output import Output
from llmops_cli.cli.session import GlobalOptions, Session, take_global_options
from llmops_cli.errors import InterruptedByOperatorError, LlmopsError, UsageError

_EPILOG = "Everywhere: -C DIR (the project's folder), --json, --verbose."


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status. Never lets an exception out."""
    try:
        options, arguments = take_global_options(arguments)
    except UsageError as error:
        return Output(as_json="--json" in arguments).fail(error)
    output = Output(as_json=options.json, verbose=options.verbose)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _invoke(arguments, options, output)
    except LlmopsError as error:
        return output.fail(error)
    except KeyboardInterrupt:
        return output.fail(InterruptedByOperatorError("Interrupted.", state="Nothing was changed."))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the one handler: a defect, told as one
        return output.fail(_defect(error, output))


def build(only: str | None = None) -> typer.Typer:
    """Build the application with every command, or with one, which loads faster."""
    app = typer.Typer(name="llmops", rich_markup_mode=None, pretty_exceptions_enable=False)
    app.callback()(_root)
    for name in [only] if only else commands.names():
        module = importlib.import_module(commands.module_name(name))
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name, epilog=_EPILOG)(module.command)
    return app


def _invoke(arguments: list[str], options: GlobalOptions, output: Output) -> int:
    named = next((word for word in arguments if not word.startswith("-")), None)
    completing = "_LLMOPS_COMPLETE" in os.environ
    only = named if named in commands.names() and not completing else None
    command = get_command(build(only))
    session = Session(options=options, output=output)
    try:
        status = command.main(arguments, "llmops", standalone_mode=False, obj=session)
    except typer.Abort as error:
        raise InterruptedByOperatorError("Aborted.", state="Nothing was changed.") from error
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):
            raise _usage_error(error) from error
        raise
    return status if isinstance(status, int) else 0


def _usage_error(error: Exception) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "llmops"
    message = error.format_message()  # type: ignore[attr-defined]
    if not message.strip():
        message = "A command is needed."
    return UsageError(message, next_step=f"{path} --help")


def _defect(error: Exception, output: Output) -> LlmopsError:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    if output.verbose:
        traceback.print_exception(error)
    return LlmopsError(
        f"This is a defect of llmops {__version__}: {type(error).__name__}.",
        evidence=f"{error} (at {frame.name}, line {frame.lineno} of {frame.filename})",
        state="What was under way stopped there.",
        next_step="llmops status shows what is serving; run again with --verbose for a report.",
    )


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    """Turn a git commit into a running, verified, reversible release of an LLM API."""
    if version:
        typer.echo(f"llmops {__version__}")
        raise typer.Exit
