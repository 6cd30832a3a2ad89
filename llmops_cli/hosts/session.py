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

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from llmops_cli.errors import LlmopsError
from llmops_cli.hosts.connection import Connection
from llmops_cli.hosts.forwarding import Forwarding
from llmops_cli.hosts.ssh import failure
from llmops_cli.hosts.trouble import RefusedError, UnreachableError

#: Takes one line of how it goes.
Tell = Callable[[str], None]
#: Seconds between two signs that the lock is wanted still.
BEAT_SECONDS = 5.0


class Session:
    """Asks one agent, one question at a time; used by one thread at a time, but for `close`."""

    def __init__(
        self, host: str, connection: Connection, forward: Callable[[str, bool], Forwarding]
    ) -> None:
        """Take over a connection on which an agent listens."""
        self.host = host
        self._connection = connection
        self._forward = forward
        self._forwardings: list[Forwarding] = []
        self._is_owed = False
        self._closed = threading.Event()
        self._beating = False

    @property
    def sent(self) -> int:
        """How many bytes were sent to the agent, before ssh compresses them."""
        return self._connection.sent

    @property
    def is_open(self) -> bool:
        """Whether it can be asked, as far as is known."""
        return not self._closed.is_set()

    @property
    def is_kept_alive(self) -> bool:
        """Whether the lease of a lock is kept alive over it."""
        return self._beating and self.is_open

    def ask(
        self, verb: str, *, payload: bytes = b"", tell: Tell | None = None, **details: Any
    ) -> dict[str, Any]:
        """Ask, and return the answer.

        Raises:
            AccessError: the host lets us in no more, or not as root.
            UnreachableError: the connection broke, or was never made; what was asked may be done.
            RefusedError: the agent says why it did not do it.
        """
        self._say(verb, payload, details)
        while True:
            message = self._heard()
            if "told" not in message:
                return self._answer(message)
            if tell is not None:
                tell(str(message["told"]))

    def follow(self, verb: str, **details: Any) -> Iterator[str]:
        """Ask, and yield the lines that are told until the answer, or until it is closed."""
        self._say(verb, b"", details)
        while True:
            try:
                message = self._heard()
            except UnreachableError:
                if self._closed.is_set():
                    return
                raise
            if "told" not in message:
                self._answer(message)
                return
            yield str(message["told"])

    def beat(self) -> None:
        """Keep the lock's lease alive from now on, every few seconds, until closed."""
        if not self._beating:
            self._beating = True
            threading.Thread(target=self._beat, daemon=True).start()

    def forwarded(self, path: str) -> str:
        """Return ``127.0.0.1:PORT`` here, which leads to a Unix socket there, until closed.

        Raises:
            AccessError: the host forwards nothing.
            UnreachableError: no connection to it can be made.
        """
        return self._forwarded(path, is_private=False)

    def forwarded_privately(self, path: str) -> str:
        """Return the path of a socket here, which leads to one there, until closed.

        Nobody else on this machine can use it. Raises what `forwarded` raises.
        """
        return self._forwarded(path, is_private=True)

    def _forwarded(self, path: str, *, is_private: bool) -> str:
        forwarding = self._forward(path, is_private)
        self._forwardings.append(forwarding)
        return forwarding.address

    def close(self) -> None:
        """End the conversation; what is not settled, the host puts back by itself."""
        self._closed.set()
        while self._forwardings:
            self._forwardings.pop().close()
        self._connection.close()

    def _say(self, verb: str, payload: bytes, details: dict[str, Any]) -> None:
        if self._is_owed:
            # Whoever asked before did not wait for the answer; this one's would be taken for it.
            self.close()
        if self._closed.is_set():
            raise self._closed_error()
        message = {"do": verb, **details}
        if payload:
            message["bytes"] = len(payload)
        self._is_owed = True
        try:
            self._connection.write(json.dumps(message).encode() + b"\n", payload)
        except OSError as error:
            raise self._broken() from error

    def _heard(self) -> dict[str, Any]:
        line = self._connection.line()
        try:
            message = json.loads(line)
        except ValueError as error:
            raise self._broken() from error
        if not isinstance(message, dict):
            raise self._broken()
        return message

    def _answer(self, message: dict[str, Any]) -> dict[str, Any]:
        self._is_owed = False
        if "answer" in message:
            return dict(message["answer"])
        raise RefusedError(
            str(message.get("refused", "The agent's answer is none.")),
            evidence=str(message.get("evidence", "")),
            why=str(message.get("why", "failed")),
        )

    def _broken(self) -> LlmopsError:
        if self._closed.is_set():
            return self._closed_error()
        # Before it is told to, one that babbles does not end.
        self.close()
        return failure(self.host, *self._connection.ended())

    def _closed_error(self) -> UnreachableError:
        return UnreachableError(
            f"The connection to {self.host} is closed.", next_step=f"ssh {self.host} true"
        )

    def _beat(self) -> None:
        while not self._closed.wait(BEAT_SECONDS):
            try:
                self._connection.write(b'{"do": "beat"}\n')
            except OSError:
                return
