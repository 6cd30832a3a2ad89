"""The supervisor's line to a release process: a Unix socket, one JSON object per message.

| message | answer |
|---|---|
| ``{"do": "status"}`` | pid, release, whether it accepts, at which address, open connections |
| ``{"do": "accept"}`` with a listening socket | takes public traffic on it |
| ``{"do": "pause"}`` | takes none, and tells kept-alive clients to close |
| ``{"do": "lend"}`` | its public listening socket, for a supervisor that lost its own |
| ``{"do": "stop"}`` | drains and ends |

The socket lives in a folder that only its owner may enter.
"""

import asyncio
import json
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmops_cli.serve.process.server import Server

_MAX_MESSAGE = 4096


class Control:
    """Answers on a listening Unix socket until it is closed."""

    def __init__(self, listening: socket.socket, server: "Server") -> None:
        self._listening = listening
        self._listening.setblocking(False)
        self._server = server
        self._connections: set[socket.socket] = set()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(listening.fileno(), self._accept)

    def close(self) -> None:
        """Answer no more."""
        for open_socket in (self._listening, *self._connections):
            self._loop.remove_reader(open_socket.fileno())
            open_socket.close()
        self._connections.clear()

    def _accept(self) -> None:
        try:
            connection, _address = self._listening.accept()
        except OSError:
            return
        connection.setblocking(False)
        self._connections.add(connection)
        self._loop.add_reader(connection.fileno(), self._read, connection)

    def _read(self, connection: socket.socket) -> None:
        try:
            data, descriptors, _flags, _address = socket.recv_fds(connection, _MAX_MESSAGE, 1)
        except OSError:
            data, descriptors = b"", []
        if not data:
            self._forget(connection)
            return
        answer, lent = self._answer(data, descriptors)
        try:
            socket.send_fds(connection, [json.dumps(answer).encode() + b"\n"], lent)
        except OSError:
            self._forget(connection)

    def _forget(self, connection: socket.socket) -> None:
        self._loop.remove_reader(connection.fileno())
        self._connections.discard(connection)
        connection.close()

    def _answer(self, data: bytes, descriptors: list[int]) -> tuple[dict[str, object], list[int]]:
        verb = json.loads(data).get("do")
        if verb == "accept" and descriptors:
            self._server.accept(socket.socket(fileno=descriptors[0]))
        elif verb == "pause":
            self._server.pause()
        elif verb == "stop":
            self._server.stop()
        lent = []
        if verb == "lend" and self._server.public is not None:
            lent = [self._server.public.share()]
        return self._status(), lent

    def _status(self) -> dict[str, object]:
        public = self._server.public
        return {
            "pid": os.getpid(),
            "release": os.environ.get("LLMOPS_RELEASE", ""),
            "accepting": public is not None,
            "address": public.address if public else "",
            "connections": len(self._server.server_state.connections),
        }
