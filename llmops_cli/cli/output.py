"""How the command line speaks: the result on stdout, everything else on stderr."""

import contextlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.cli.aiming import aimed, aimed_result
from llmops_cli.errors import LlmopsError


class UnwritableError(OSError):
    """Our output cannot be written, for instance because the disk is full."""


@dataclass(frozen=True)
class Output:
    """Where results, notes and failures go. With ``as_json`` stdout holds one JSON document.

    ``target`` is the one that the operator named, for the commands that we name in turn.
    """

    as_json: bool = False
    verbose: bool = False
    target: str | None = None

    def result(self, document: Mapping[str, object], text: str) -> None:
        """Print a command's result: the document with ``--json``, the text without."""
        if self.as_json:
            text = json.dumps(document, indent=2, default=str)
        else:
            text = aimed_result(text, self.target)
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise UnwritableError(error.errno, error.strerror) from error

    def note(self, text: str) -> None:
        """Tell the operator something that is not the result. Nobody has to be listening."""
        with contextlib.suppress(OSError):
            sys.stderr.write(text + "\n")
            sys.stderr.flush()

    def fail(self, error: LlmopsError) -> int:
        """Print a failure and return its exit status."""
        error.next_step = aimed(error.next_step, self.target)
        if self.as_json:
            sys.stdout.write(json.dumps({"error": error.as_dict()}, indent=2) + "\n")
            sys.stdout.flush()
        else:
            self.note(describe(error))
        if os.environ.get("GITHUB_ACTIONS") == "true":
            self.note(_annotation(error))
        return error.exit_status


def describe(error: LlmopsError) -> str:
    """Return a failure in words: what happened, the evidence, the state, and what to do."""
    lines = [_paint("1;31", "Error: ") + error.message]
    for label, text in (("Seen", error.evidence), ("Now", error.state), ("Next", error.next_step)):
        if text:
            lines.append(_labelled(label, text))
    return "\n".join(lines)


def columns(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """Lay out rows under a header, aligned, without lines."""
    widths = [max(len(row[index]) for row in (header, *rows)) for index in range(len(header))]
    lines = []
    for row in (header, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _labelled(label: str, text: str) -> str:
    indented = text.replace("\n", "\n        ")
    return _paint("1", f"  {label + ':':<5}") + f" {indented}"


def _paint(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if wants_colour() else text


def wants_colour() -> bool:
    """Whether stderr is a terminal that may be coloured (https://no-color.org)."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def _annotation(error: LlmopsError) -> str:
    text = " ".join(filter(None, (error.message, error.evidence, error.next_step)))
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::error title=llmops::{escaped}"
