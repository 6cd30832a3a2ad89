"""Reads a request while it waits for its turn, to notice when its client goes away."""

import asyncio
from collections import deque

from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive


class ReadAhead:
    """Keeps what has been read of a request for the application that reads it later.

    Only reading tells that a client has left. What is kept is bounded by the limit of the body.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._kept: deque[Message] = deque()

    async def until(self, turn: "asyncio.Future[None]", seconds: float) -> bool:
        """Read until the turn has come, or the time is over; return whether it has come.

        Raises ClientDisconnect as soon as the client has left.
        """
        reading = asyncio.create_task(self._read())
        try:
            await asyncio.wait(
                (turn, reading), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
            if reading.done():
                reading.result()
        finally:
            reading.cancel()
        return turn.done()

    async def receive(self) -> Message:
        """Return what was kept, and then what comes."""
        return self._kept.popleft() if self._kept else await self._receive()

    async def _read(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            self._kept.append(message)
