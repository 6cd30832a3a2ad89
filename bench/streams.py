"""2,000 streams of 20 tokens a second for 30 s through one core, next to the upstream itself.

Goal: none is lost. Prints what our server adds to the time between two tokens, to the time that a
token is under way, and the memory that a stream takes.
"""

import json
import resource
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

from bench.parts import contestants, pinned
from tests.project import free_port

STREAMS = 2000
RATE = 20
SECONDS = 30
TOKENS = RATE * SECONDS


def main() -> None:
    """Measure and print."""
    if lacking := pinned.missing("taskset"):
        print(lacking)
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (_files(), _files()))
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder, source = Path(name), free_port()
        program = [sys.executable, "-m", "bench.parts.stream_source"]
        stack.enter_context(
            pinned.running(
                [*program, str(source), str(TOKENS), str(RATE)],
                core=pinned.LOAD_CORE,
                folder=folder,
                ready=f"http://127.0.0.1:{source}/",
                environment={"PYTHONPATH": str(Path.cwd())},
            )
        )
        ours = contestants.llmops(folder, source)
        server = stack.enter_context(
            pinned.running(
                ours.command,
                core=pinned.SERVER_CORE,
                folder=folder,
                ready=f"http://127.0.0.1:{ours.port}{ours.ready}",
                environment=ours.environment,
            )
        )
        direct = _read(source)
        idle = pinned.memory(server)
        sizes: list[int] = []
        watch = threading.Timer(SECONDS / 2, lambda: sizes.append(pinned.memory(server)))
        watch.start()
        before = pinned.cpu_seconds(server)
        through = _read(ours.port)
        cpu = pinned.cpu_seconds(server) - before
    _print(direct, through)
    print(f"memory of a stream       {(sizes[0] - idle) / STREAMS / 1024:.1f} KiB")
    print(f"processor for a token    {cpu / through['events'] * 1e6:.1f} us")


def _files() -> int:
    """Return how many files each process may open: two for each stream, and some."""
    return min(3 * STREAMS, resource.getrlimit(resource.RLIMIT_NOFILE)[1])


def _read(port: int) -> dict[str, float]:
    program = [sys.executable, "-m", "bench.parts.stream_readers", str(port), str(STREAMS)]
    told = subprocess.run(
        ["taskset", "-c", str(pinned.LOAD_CORE), *program, contestants.KEY],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(told.stdout)
    return found


def _print(direct: dict[str, float], through: dict[str, float]) -> None:
    print(f"{STREAMS} streams of {TOKENS} tokens, {RATE} a second")
    print(f"{'':<24}{'direct':>10}{'llmops':>10}{'added':>10}")
    for key in ("complete", "events", "gap_p50", "gap_p99", "delay_p50", "delay_p99"):
        added = f"{through[key] - direct[key]:>10.2f}" if "_" in key else ""
        print(f"{key:<24}{direct[key]:>10}{through[key]:>10}{added}")


if __name__ == "__main__":
    main()
