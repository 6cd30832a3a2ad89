"""The containers' log of a side: its end, what comes, and what it says of a failed start."""

import re
import time
from collections.abc import Iterator, Sequence
from datetime import datetime

from llmops_cli.clouds.azure.trouble import without_secrets
from llmops_cli.errors import LlmopsError, PreflightError
from llmops_cli.targets.azure_webapp.side import Side

_FOLLOW_SECONDS = 2.0
#: What App Service writes when it will never be able to start a container.
_HOPELESS = re.compile(
    r"ImagePull(?:Unauthorized|Failure)|pull access denied|manifest (?:for .* not found|unknown)"
    r"|unauthorized: authentication required|exec format error",
    re.IGNORECASE,
)
_STAMP = re.compile(r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)")


def last_lines(side: Side, lines: int) -> list[str]:
    """Return the last lines of a log.

    Raises:
        PreflightError: nothing is logged.
    """
    found = side.log()
    if not found:
        raise PreflightError(
            f"There is no container log of {side.title}.",
            state="Nothing was changed.",
            next_step=f"az webapp log config --resource-group {side.group} --name {side.app} "
            "--docker-container-logging filesystem",
        )
    return found[-lines:] if lines else []


def follow(side: Side, lines: int) -> Iterator[str]:
    """Yield the last lines, and then, for ever, what is written; Azure is asked every 2 seconds."""
    seen = side.log()
    yield from seen[-lines:] if lines else ()
    while True:
        time.sleep(_FOLLOW_SECONDS)
        now = side.log()
        yield from now[_known(seen, now) :]
        seen = now or seen


def evidence(side: Side, lines: int) -> str:
    """Return the end of a log, or in words why there is none."""
    try:
        found = side.log()
    except LlmopsError as error:
        return f"(its log cannot be read: {error.message})"
    return without_secrets("\n".join(found[-lines:])) or "(nothing was logged)"


def hopeless(side: Side, since: datetime) -> str:
    """Return the line that says why waiting is in vain, if there is one since then."""
    try:
        found = side.log()
    except LlmopsError:
        return ""
    told = (line for line in reversed(found) if _HOPELESS.search(line) and _is_since(line, since))
    return next(told, "")


def _is_since(line: str, since: datetime) -> bool:
    stamp = _STAMP.match(line)
    if stamp is None:
        return False
    return f"{stamp[1]}T{stamp[2]}" >= since.strftime("%Y-%m-%dT%H:%M:%S")


def _known(seen: Sequence[str], now: Sequence[str]) -> int:
    """Return how many lines of ``now`` were in ``seen``; the log loses its oldest lines."""
    for dropped in range(len(seen)):
        tail = seen[dropped:]
        if list(now[: len(tail)]) == list(tail):
            return len(tail)
    return 0
