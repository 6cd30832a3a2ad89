"""Looks at the open connections now and then, and closes those that only take up room."""

import asyncio
from collections.abc import Callable, Iterable

from llmops_cli.serve.process.protocol import DrainingProtocol

Connections = Callable[[], Iterable[DrainingProtocol]]

_LONGEST_PAUSE = 5.0


async def give_up_on_the_slow(connections: Connections, seconds: float, idle: float) -> None:
    """Give up requests whose head or body takes longer than ``seconds`` to arrive.

    One look at everything costs a request nothing, unlike a timer for each. It may come a tenth
    of the time too late. A connection on which nothing happens at all is closed after ``idle``.
    """
    loop = asyncio.get_running_loop()
    since: dict[DrainingProtocol, tuple[object, float]] = {}
    while True:
        await asyncio.sleep(min(_LONGEST_PAUSE, seconds / 10))
        now, before, since = loop.time(), since, {}
        for connection in connections():
            awaited = connection.awaits()
            if awaited is None and not connection.is_idle_unwatched():
                continue
            known = before.get(connection)
            began = known[1] if known is not None and known[0] is awaited else now
            since[connection] = (awaited, began)
            if awaited is not None and now - began >= seconds:
                connection.give_up()
            elif awaited is None and now - began >= idle:
                connection.transport.close()


async def close_the_idle(connections: Connections, seconds: float) -> None:
    """Close the connections that had no request since the last look, ``seconds`` ago."""
    seen: dict[DrainingProtocol, object] = {}
    while True:
        for connection in connections():
            cycle = getattr(connection, "cycle", None)
            is_idle = cycle is None or cycle.response_complete
            if is_idle and connection in seen and seen[connection] is cycle:
                connection.shutdown()
        seen = {c: getattr(c, "cycle", None) for c in connections()}
        await asyncio.sleep(seconds)
