"""Which server and which client to build on: the same few lines on each of them.

Every one takes a body, posts it to an nginx with a fixed answer, and gives that answer back: no
keys, no limits, no log. What a gateway can do at most on one core is decided here.
"""

import importlib.util
import sys
import tempfile
from pathlib import Path

from bench.parts import contestants, pinned, wrk
from bench.parts.contestants import Contestant
from tests.project import free_port

#: Server and client of each; the names of the clients are those of bare_gateway.
PAIRS = (("uvicorn", "ours"), ("uvicorn", "aiohttp"), ("uvicorn", "httpx2"), ("granian", "ours"))


def main() -> None:
    """Measure and print."""
    if lacking := pinned.missing("nginx", "wrk", "taskset"):
        print(lacking)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        upstream = contestants.upstream(folder)
        field = [
            _bare(server, client, upstream.port)
            for server, client in PAIRS
            if _is_installed(server) and _is_installed(client)
        ]
        wrk.compare(upstream, field, folder, base="uvicorn, ours")


def _bare(server: str, client: str, upstream_port: int) -> Contestant:
    port = free_port()
    options = {
        "uvicorn": ("--port", str(port), "--log-level", "critical", "--no-access-log"),
        "granian": ("--port", str(port), "--interface", "asgi", "--loop", "uvloop", "--no-log"),
    }
    command = (sys.executable, "-m", server, *options[server], "bench.parts.bare_gateway:app")
    environment = {
        "CLIENT": client,
        "UPSTREAM_PORT": str(upstream_port),
        "PYTHONPATH": str(Path.cwd()),
    }
    return Contestant(f"{server}, {client}", command, port, environment=environment)


def _is_installed(name: str) -> bool:
    if name == "ours" or importlib.util.find_spec(name) is not None:
        return True
    print(f"{name} is not installed: pip install {name}")
    return False


if __name__ == "__main__":
    main()
