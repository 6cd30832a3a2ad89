"""`python -m llmops_cli.serve.process.probe`: ask the server of this container if it is alive.

Exits with 0 when it is. Only what a bare interpreter has, and little of that: it runs every few
seconds, where there is no curl.
"""

import os
import socket
import sys

_SECONDS = 4.0
#: Addresses that stand for all of a machine, and the one at which it answers itself.
_OWN = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - read, not bound


def status(host: str, port: int, path: str) -> int:
    """Return the status of an answer. Raises OSError or ValueError when there is no answer."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with socket.create_connection((_OWN.get(host, host), port), timeout=_SECONDS) as connection:
        connection.sendall(request.encode())
        with connection.makefile("rb") as answer:
            return int(answer.readline().split(maxsplit=2)[1])


def main(path: str = "/health/live") -> int:
    """Return the exit status: 0 when the server answers, and not that it is broken.

    An application of the project's own may have no such route; it lives all the same.
    """
    try:
        answered = status(os.environ.get("HOST", ""), int(os.environ.get("PORT", "8000")), path)
    except (OSError, ValueError, IndexError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{answered}\n")
    return 0 if answered < 500 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
