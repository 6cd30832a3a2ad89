"""The front door: answers help and version at once, and loads the rest only when it is needed."""

import os
import sys

from llmops_cli import __version__


def main() -> None:
    """Run `llmops` with the arguments of this process and exit with its status."""
    arguments = sys.argv[1:]
    if "_LLMOPS_COMPLETE" not in os.environ:
        if arguments == ["--version"]:
            sys.stdout.write(f"llmops {__version__}\n")
            return
        if arguments in (["--help"], ["-h"], ["help"]):
            from llmops_cli.cli.commands import help_page

            sys.stdout.write(help_page() + "\n")
            return
    from llmops_cli.cli.app import run

    sys.exit(run(arguments))
