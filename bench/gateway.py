"""What a request costs that is passed on to an upstream, next to other gateways in the same run.

An nginx with a fixed answer stands for the upstream. Each gateway runs on the first core; the
upstream and wrk share the second. Everything of ours is on: keys, limits, metrics, circuit
breaker, and a log line for each request. LiteLLM and Portkey take part where they are installed:
bench/README.md says how.

Goals: 40 times the requests of LiteLLM and 4 times those of Portkey at 32 connections, and at one
connection at most 0.5 ms more at the median than the upstream itself.
"""

import tempfile
from pathlib import Path

from bench.parts import contestants, pinned, wrk


def main() -> None:
    """Measure and print."""
    if lacking := pinned.missing("nginx", "wrk", "taskset"):
        print(lacking)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        upstream = contestants.upstream(folder)
        field = []
        for make in contestants.GATEWAYS:
            contestant = make(folder, upstream.port)
            if contestant is None:
                print(f"{make.__name__} is not installed: see bench/README.md")
            else:
                field.append(contestant)
        wrk.compare(upstream, field, folder, base="llmops")


if __name__ == "__main__":
    main()
