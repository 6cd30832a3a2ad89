"""The front door: answers help and version at once, and loads the rest only when it is needed."""

import os
import sys

from llmops_cli import __version__
from llmops_cli.cli.streams import open_missing, while_read


def main() -> None:
    """Run `llmops` with the arguments of this process and exit with its status."""
    open_missing()
    sys.exit(while_read(lambda: _answer(sys.argv[1:])))


def _answer(arguments: list[str]) -> int:
    if "_LLMOPS_COMPLETE" not in os.environ:
        if arguments == ["--version"]:
            sys.stdout.write(f"llmops {__version__}\n")
            return 0
        if arguments in (["--help"], ["-h"], ["help"]):
            from llmops_cli.cli.commands import help_page

            sys.stdout.write(help_page() + "\n")
            return 0
    from llmops_cli.cli.app import run

    return run(arguments)
