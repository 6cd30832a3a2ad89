"""`python -m tests.hosts.counting FILE HOST PORT`: a ProxyCommand of ssh that counts bytes.

It adds what was sent to the host, as it went over the wire, to the number in the file.
"""

import os
import socket
import sys
import threading
from pathlib import Path


def _relay(source: int, to: int, file: Path | None) -> None:
    while data := os.read(source, 65536):
        if file:
            with file.open("ab") as counts:
                counts.write(b"%d\n" % len(data))
        while data:
            data = data[os.write(to, data) :]


def total(file: Path) -> int:
    """How many bytes were sent since the file was made."""
    return sum(map(int, file.read_text().split())) if file.exists() else 0


def main() -> None:
    """Relay until either side closes."""
    connection = socket.create_connection((sys.argv[2], int(sys.argv[3])))
    up = threading.Thread(target=_relay, args=(0, connection.fileno(), Path(sys.argv[1])))
    up.daemon = True
    up.start()
    _relay(connection.fileno(), 1, None)


if __name__ == "__main__":
    main()
