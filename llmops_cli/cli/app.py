"""Builds the Typer application, runs it, and turns every failure into an exit status."""

import importlib
import os
import signal
import traceback
from types import FrameType
from typing import Annotated, NoReturn

import typer
from typer.main import get_command

from llmops_cli import __version__
from llmops_cli.cli import commands
from llmops_cli.cli.aiming import named_target
from llmops_cli.cli.output import Output, UnwritableError
from llmops_cli.cli.session import GlobalOptions, Session, take_global_options
from llmops_cli.errors import InterruptedByOperatorError, LlmopsError, UsageError

_HELP = ["--help", "-h"]
_EPILOG = "Everywhere: -C DIR (the project's folder), --json, --verbose."


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit status.

    Raises:
        BrokenPipeError: nobody reads our output any more.
        UnwritableError: our output cannot be written. No other exception gets out.
    """
    try:
        options, arguments = take_global_options(arguments)
    except UsageError as error:
        return Output(as_json="--json" in arguments).fail(error)
    output = Output(options.json, options.verbose, named_target(arguments))
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _invoke(arguments, options, output)
    except LlmopsError as error:
        return output.fail(error)
    except KeyboardInterrupt:
        return output.fail(_interrupted())
    except (BrokenPipeError, UnwritableError):
        raise
    except Exception as error:  # noqa: BLE001 - the one handler: a defect, told as one
        return output.fail(_defect(error, output))


def build(only: str | None = None) -> typer.Typer:
    """Build the application with every command, or with one, which loads faster."""
    app = typer.Typer(
        name="llmops",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": _HELP},
    )
    app.callback()(_root)
    for name in [only] if only else commands.names():
        module = importlib.import_module(commands.module_name(name))
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name, epilog=_EPILOG)(module.command)
    return app


def _invoke(arguments: list[str], options: GlobalOptions, output: Output) -> int:
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:], "--help"]
    if arguments in ([word] for word in _HELP):
        page = commands.help_page()
        output.result({"help": page}, page)
        return 0
    if arguments == ["--version"]:
        output.result({"version": __version__}, f"llmops {__version__}")
        return 0
    first = next((word for word in arguments if not word.startswith("-")), None)
    named = first if first in commands.names() else None
    completing = "_LLMOPS_COMPLETE" in os.environ
    command = get_command(build(None if completing else named))
    session = Session(options=options, output=output)
    if completing:
        return int(command.main(arguments, "llmops", standalone_mode=False, obj=session) or 0)
    try:
        # Not `main`: it would end an interrupt and a broken pipe with a status, and in silence.
        with command.make_context("llmops", arguments, obj=session) as context:
            command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
    except typer.Abort as error:
        raise InterruptedByOperatorError("Aborted.", state="Nothing was changed.") from error
    except Exception as error:
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):
            raise _usage_error(error, named) from error
        raise
    return 0


def _usage_error(error: Exception, named: str | None) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else f"llmops {named or ''}".strip()
    message = error.format_message()  # type: ignore[attr-defined]
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


def _interrupted() -> LlmopsError:
    return InterruptedByOperatorError(
        "Interrupted.",
        state="What was under way stopped there.",
        next_step="llmops status shows what is serving.",
    )


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _root(
    directory: Annotated[str, typer.Option("--directory", "-C")] = ".",
    json: Annotated[bool, typer.Option("--json")] = False,
    verbose: Annotated[bool, typer.Option("--verbose")] = False,
    version: Annotated[bool, typer.Option("--version")] = False,
) -> None:
    """Turn a git commit into a running, verified, reversible release of an LLM API."""
    # For completion only: these options are taken before, wherever they stand.
