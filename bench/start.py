"""How long the command line takes to start, next to an interpreter that does nothing.

Runs the three in turn, many times, in one process tree, and prints ratios of medians: the
machine's own speed and noise fall out. Goal: at most 3.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 40
LLMOPS = str(Path(sys.executable).parent / "llmops")
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "llmops --version": [LLMOPS, "--version"],
    "llmops --help": [LLMOPS, "--help"],
    "llmops deploy --help": [LLMOPS, "deploy", "--help"],
}


def main() -> None:
    """Measure and print."""
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            seconds[name].append(time.perf_counter() - started)
    base = statistics.median(seconds["python -c pass"])
    for name, measured in seconds.items():
        median = statistics.median(measured)
        print(f"{name:<22} {median * 1000:6.1f} ms   ratio {median / base:5.2f}")


if __name__ == "__main__":
    main()
