"""A way from this machine to the staged release, which nothing publishes.

A listener on the loopback interface; each of its connections is carried by a program of its own
inside the gateway's container, over the engine's connection, wherever the engine is.
"""

import contextlib
import socket
import subprocess
import threading
from dataclasses import dataclass, field

from llmops_cli.engine.docker import Engine

_CHUNK = 64 * 1024
#: Ends with either side: when the server is done, or the client has gone, nothing is left running.
_CARRY = (
    "exec 3<>/dev/tcp/127.0.0.1/{port} 4<&0 || exit 1; "
    "cat <&3 & down=$!; cat <&4 >&3 & wait -n; kill $down $! 2>/dev/null"
)


@dataclass
class Tunnel:
    """Carries connections to a port inside a container until it is closed."""

    engine: Engine
    container: str
    port: int
    _listening: socket.socket = field(init=False, repr=False)
    _carriers: set["subprocess.Popen[bytes]"] = field(default_factory=set, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The address on this machine."""
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def close(self) -> None:
        """End the listener and everything that is carried."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            carriers = list(self._carriers)
        for carrier in carriers:
            carrier.terminate()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        script = _CARRY.format(port=self.port)
        with client:
            carrier = self.engine.start(
                "exec", "--interactive", self.container, "bash", "-c", script
            )
            with self._lock:
                self._carriers.add(carrier)
            upward = threading.Thread(target=_upward, args=(client, carrier), daemon=True)
            upward.start()
            _downward(carrier, client)
            # Wakes the other direction, which waits for the client.
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            upward.join()
            _end(carrier)
            with self._lock:
                self._carriers.discard(carrier)


def _upward(client: socket.socket, carrier: "subprocess.Popen[bytes]") -> None:
    """Pass on what the client says; when it has gone, so does what carries it."""
    assert carrier.stdin is not None
    with contextlib.suppress(OSError), carrier.stdin as stdin:
        while data := client.recv(_CHUNK):
            stdin.write(data)
            stdin.flush()


def _downward(carrier: "subprocess.Popen[bytes]", client: socket.socket) -> None:
    """Pass on what the server says, as it comes."""
    assert carrier.stdout is not None
    with contextlib.suppress(OSError):
        while data := carrier.stdout.read1(_CHUNK):  # type: ignore[attr-defined]
            client.sendall(data)


def _end(carrier: "subprocess.Popen[bytes]") -> None:
    carrier.terminate()
    for stream in (carrier.stdout, carrier.stderr):
        if stream is not None:
            stream.close()
    carrier.wait()
