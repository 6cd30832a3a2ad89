"""What an answer is expected to be, and the judgement of one that came."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.errors import CheckError

#: Seconds that one judgement may take: some regular expressions take for ever on some texts.
JUDGE_SECONDS = 5.0

_JUDGE = Path(__file__).with_name("judge.py")


@dataclass(frozen=True)
class Contains:
    """The answer holds this text; upper and lower case are one."""

    text: str


@dataclass(frozen=True)
class Matches:
    """A regular expression is found in the answer."""

    pattern: str


@dataclass(frozen=True)
class JsonSchema:
    """The answer is JSON that is valid against this schema (draft 2020-12)."""

    schema: Mapping[str, object]


Expectation = Contains | Matches | JsonSchema


def objection(answer: str, expects: Expectation, seconds: float = JUDGE_SECONDS) -> str:
    """Return what is wrong with an answer, or an empty text. Never repeats the answer.

    Raises:
        CheckError: it could not be judged within ``seconds``, or not at all.
    """
    if isinstance(expects, Contains):
        found = expects.text.casefold() in answer.casefold()
        return "" if found else f"lacks {expects.text!r}"
    if isinstance(expects, Matches):
        return _judged({"text": answer, "pattern": expects.pattern}, seconds)
    return _judged({"text": answer, "schema": dict(expects.schema)}, seconds)


def _judged(case: Mapping[str, object], seconds: float) -> str:
    # In a process of its own: nothing can stop a regular expression from within.
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_JUDGE)],
            input=json.dumps(case, default=str).encode(),
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CheckError(f"could not be judged within {seconds:g} s") from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [""]
        raise CheckError(f"could not be judged: {said[-1]}")
    return str(json.loads(done.stdout))
