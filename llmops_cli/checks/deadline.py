"""A limit for the whole of a call, whatever it waits for."""

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from llmops_cli.errors import CheckError

Result = TypeVar("Result")


class NoAnswerError(CheckError):
    """The server gave no complete HTTP answer: refused, reset, too slow, too large or garbage."""


def within(seconds: float, call: Callable[[], Result], late: str) -> Result:
    """Return what ``call`` returns, or stop waiting for it after ``seconds``.

    A socket timeout limits one read, so a server that sends a byte now and then holds its caller
    for ever, and so does a name server that is silent. The thread of a call that is late is left
    to end with the process or with its connection.

    Raises:
        NoAnswerError: with the text ``late`` when time is up, or as raised by ``call``.
    """
    outcome: queue.SimpleQueue[Result | NoAnswerError | None] = queue.SimpleQueue()
    threading.Thread(target=_work, args=(call, outcome), daemon=True).start()
    try:
        result = outcome.get(timeout=seconds)
    except queue.Empty:
        raise NoAnswerError(late) from None
    if isinstance(result, NoAnswerError):
        raise result
    if result is None:
        raise RuntimeError("a call within a deadline ended without a result")
    return result


def _work(
    call: Callable[[], Result], outcome: "queue.SimpleQueue[Result | NoAnswerError | None]"
) -> None:
    result: Result | NoAnswerError | None = None
    try:
        result = call()
    except NoAnswerError as error:
        result = error
    finally:
        outcome.put(result)
