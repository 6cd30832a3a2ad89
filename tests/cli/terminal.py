"""The command line on a pseudo terminal, as a person sees it."""

import os
import re

import pexpect

from tests.project import LLMOPS, SECONDS, Project


def spawn(project: Project, *arguments: str, **environment: str) -> "pexpect.spawn[str]":
    """Start a command on a terminal of 120 columns."""
    return pexpect.spawn(
        LLMOPS[0],
        [*LLMOPS[1:], *arguments],
        cwd=str(project.root),
        env={**os.environ, "TERM": "xterm", **environment},
        encoding="utf-8",
        timeout=SECONDS,
        dimensions=(40, 120),
    )


def ended(run: "pexpect.spawn[str]") -> tuple[int | None, str]:
    """Wait for the end; return the status and what came since the last expectation."""
    run.expect(pexpect.EOF)
    text = str(run.before)
    run.close()
    return run.exitstatus, text


def seen(text: str) -> list[str]:
    """Return the lines that are left to read once the terminal has done what it was told."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    return [line.rpartition("\r")[2].rstrip() for line in plain.replace("\r\n", "\n").split("\n")]
