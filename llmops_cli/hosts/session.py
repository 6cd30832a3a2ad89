"""A conversation with the agent on one host, over one connection of ssh.

A message is one line of JSON, ``{"do": VERB, …}``; with ``"bytes": N`` in it, N bytes follow.
Before its answer, one line too, the agent may tell how it goes. See `agent/` for the verbs.

| line of the agent | meaning |
|---|---|
| ``{"told": "…"}`` | how it goes, for people |
| ``{"answer": {…}}`` | done |
| ``{"refused": "…", "evidence": "…", "why": WHY}`` | not done; what is wrong |

WHY is ``locked``, ``missing``, ``changed`` (what is live is not what was expected), ``unready``,
``invalid``, ``full`` (the disk), ``damaged`` or ``failed``.
"""

from collections.abc import Callable, Iterator
from typing import Any

#: Takes one line of how it goes.
Tell = Callable[[str], None]


class Session:
    """Asks one agent, one question at a time; used by one thread at a time, but for `close`."""

    def ask(
        self, verb: str, *, payload: bytes = b"", tell: Tell | None = None, **details: Any
    ) -> dict[str, Any]:
        """Ask, and return the answer.

        Raises:
            AccessError: the host lets us in no more, or not as root.
            UnreachableError: the connection broke, or was never made; what was asked may be done.
            RefusedError: the agent says why it did not do it.
        """
        raise NotImplementedError

    def follow(self, verb: str, **details: Any) -> Iterator[str]:
        """Ask, and yield the lines that are told until the answer, or until it is closed."""
        raise NotImplementedError

    def beat(self) -> None:
        """Keep the lock's lease alive from now on, every few seconds, until closed."""
        raise NotImplementedError

    def forwarded(self, path: str) -> str:
        """Return ``127.0.0.1:PORT`` here, which leads to a Unix socket there, until closed."""
        raise NotImplementedError

    def close(self) -> None:
        """End the conversation; what is not settled, the host puts back by itself."""
        raise NotImplementedError
