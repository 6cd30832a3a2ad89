"""Does something that an operator's interruption must not stop half-way, or leave unknown."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")


def in_background(do: Callable[[], T]) -> "Future[T]":
    """Begin to do a thing in a thread of its own, which does not keep the program from ending."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(do())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def to_its_end(do: Callable[[], T]) -> T:
    """Do a thing; who interrupts it waits for its end, and is heard then."""
    future = in_background(do)
    try:
        return future.result()
    except KeyboardInterrupt:
        wait([future])
        raise
