"""`python -m tests.hosts.silence FILE HOST PORT`: a ProxyCommand of ssh that can fall silent.

As soon as the file exists, bytes go neither way, and nothing says that the connection is lost:
as where a firewall forgets a connection, or a cable is pulled.
"""

import os
import socket
import sys
import threading
from pathlib import Path


def _relay(source: int, to: int, silent: Path) -> None:
    while data := os.read(source, 65536):
        while data and not silent.exists():
            data = data[os.write(to, data) :]


def main() -> None:
    """Relay until either side closes; a silent one is ended by who started it."""
    silent, connection = (
        Path(sys.argv[1]),
        socket.create_connection((sys.argv[2], int(sys.argv[3]))),
    )
    up = threading.Thread(target=_relay, args=(0, connection.fileno(), silent), daemon=True)
    up.start()
    _relay(connection.fileno(), 1, silent)


if __name__ == "__main__":
    main()
