"""One run of the command line: its global options, and the project that it is about."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import typer

from llmops_cli.cli.output import Output
from llmops_cli.errors import UsageError

_DIRECTORY_FLAGS = ("-C", "--directory")


@dataclass(frozen=True)
class GlobalOptions:
    """The options that every command takes."""

    directory: Path = Path()
    json: bool = False
    verbose: bool = False


@dataclass(frozen=True)
class Session:
    """What every command gets: where the project is and how to speak."""

    options: GlobalOptions
    output: Output

    @property
    def directory(self) -> Path:
        """The project's folder, as the operator named it."""
        return self.options.directory


def session_of(context: typer.Context) -> Session:
    """Return the session that the front door put into the context."""
    return cast("Session", context.obj)


def take_global_options(arguments: list[str]) -> tuple[GlobalOptions, list[str]]:
    """Take the global options out of the command line, wherever they stand before a ``--``.

    Raises:
        UsageError: ``-C`` stands without a folder, or the folder does not exist.
    """
    options, rest = GlobalOptions(), []
    words = iter(arguments)
    for word in words:
        flag, equals, value = word.partition("=")
        if word == "--":
            rest += [word, *words]
        elif word == "--json":
            options = replace(options, json=True)
        elif word == "--verbose":
            options = replace(options, verbose=True)
        elif flag in _DIRECTORY_FLAGS:
            options = replace(options, directory=_directory(value if equals else next(words, "")))
        else:
            rest.append(word)
    return options, rest


def _directory(text: str) -> Path:
    if not text:
        raise UsageError("-C needs a folder.", next_step="llmops -C DIR COMMAND")
    if not Path(text).is_dir():
        raise UsageError(f"-C {text}: there is no such folder.")
    return Path(text)
