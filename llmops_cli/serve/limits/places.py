"""A fixed number of places, and a line of those who wait for one."""

import asyncio
from collections import deque


class Places:
    """``most`` places; whoever comes first gets the next free one.

    A place is handed from who leaves straight to who waits longest, so that nobody who comes
    later can take it in between.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._line: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    def take(self) -> bool:
        """Take a place if one is free."""
        if self._free == 0:
            return False
        self._free -= 1
        return True

    def wait(self) -> "asyncio.Future[None]":
        """Stand in line. The future is done once the place is there; cancel it by `leave`."""
        turn = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        return turn

    def leave(self, turn: "asyncio.Future[None]") -> None:
        """Leave the line, or give back the place if it came at this moment."""
        if turn.done():
            self.give_back()
        else:
            self._line.remove(turn)

    def give_back(self) -> None:
        """Hand the place on."""
        if self._line:
            self._line.popleft().set_result(None)
        else:
            self._free += 1
