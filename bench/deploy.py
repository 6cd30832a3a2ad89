"""What a deploy and a rollback cost beyond the start of the API process itself.

In each round: the time from starting the API's process until it answers, with nothing around it,
then a whole `llmops deploy` of a new commit and a whole `llmops rollback`. The cost is the
difference, in seconds and as a ratio. Goal: at most one second.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx2

from tests.project import API_KEY, Project, free_port, make_project

ROUNDS = 7


def main() -> None:
    """Measure and print."""
    seconds: dict[str, list[float]] = {"API process": [], "deploy": [], "rollback": []}
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "chat")
        try:
            project.ok("deploy")
            for number in range(ROUNDS):
                project.change(f"Prompt {number}.")
                seconds["API process"].append(_start_api(project))
                for command in ("deploy", "rollback"):
                    started = time.monotonic()
                    project.ok(command)
                    seconds[command].append(time.monotonic() - started)
        finally:
            project.close()
    base = statistics.median(seconds["API process"])
    for name, measured in seconds.items():
        median = statistics.median(measured)
        print(f"{name:<12} {median:5.2f} s   beyond the API {median - base:+5.2f} s", end="")
        print(f"   ratio {median / base:4.2f}")


def _start_api(project: Project) -> float:
    port = free_port()
    environment = {
        **os.environ,
        "PORT": str(port),
        "LLMOPS_API_KEY": API_KEY,
        "LLMOPS_DATA_DIR": str(project.state / "bench"),
    }
    started = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "llmops_cli.serve"],
        env=environment,
        stdout=subprocess.DEVNULL,
        cwd=project.root,
    ) as process:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
            while True:
                try:
                    client.get("/health/ready").raise_for_status()
                    break
                except httpx2.HTTPError:
                    if process.poll() is not None:
                        raise
                    time.sleep(0.005)
        elapsed = time.monotonic() - started
        process.terminate()
    return elapsed


if __name__ == "__main__":
    main()
