"""Deploys and rollbacks of a stack of containers under steady load, and what its gateway costs.

16 kept-alive connections from wrk and 10 open streams, each longer than a cut-over. Goal: no answer
but 200, no socket error, no truncated stream. The latency of the gateway is that of the same
request through it and straight to the release's container, by turns: read the ratio.
"""

import statistics
import tempfile
from pathlib import Path

import httpx2

from bench.parts.under_load import seconds_of, under_load
from tests.engines import GATEWAY, has_plugin, holds
from tests.load import is_possible
from tests.targets.compose.stack_project import StackProject, stack_project

ROUNDS = 3
CONNECTIONS = 16
STREAMS = 10
TOKENS = 600
ASKED = 2000


def main() -> None:
    """Measure and print."""
    if not (is_possible() and holds(GATEWAY) and has_plugin("compose")):
        print(f"skipped: needs wrk, a Docker engine that holds {GATEWAY}, and docker compose")
        return
    with tempfile.TemporaryDirectory() as folder, stack_project(Path(folder) / "chat") as project:
        first = seconds_of(lambda: project.ok("deploy"))
        print(f"first deploy, with the image built and the stack started: {first:.1f} s")
        _latency(project)
        _idle(project)
        _loaded(project)


def _latency(project: StackProject) -> None:
    live = project.container(project.serving())
    [network] = live["NetworkSettings"]["Networks"].values()
    urls = {"direct": f"http://{network['IPAddress']}:8000", "gateway": project.url}
    found: dict[str, list[float]] = {name: [] for name in urls}
    clients = {name: httpx2.Client(base_url=url) for name, url in urls.items()}
    for _ in range(ASKED):
        for name, client in clients.items():
            found[name].append(seconds_of(lambda client=client: client.get("/version")))
    for client in clients.values():
        client.close()
    middle = {name: statistics.median(seconds) for name, seconds in found.items()}
    ratio = middle["gateway"] / middle["direct"]
    added = (middle["gateway"] - middle["direct"]) * 1e3
    print(f"GET /version through the gateway: {ratio:.2f} x direct, {added:.2f} ms more")


def _idle(project: StackProject) -> None:
    for number in range(ROUNDS):
        project.change(f"Idle {number}.")
        deploy = seconds_of(lambda: project.ok("deploy"))
        rollback = seconds_of(lambda: project.ok("rollback"))
        print(f"idle: deploy {deploy:.1f} s, rollback {rollback:.1f} s")


def _loaded(project: StackProject) -> None:
    under_load(project, rounds=ROUNDS, connections=CONNECTIONS, streams=STREAMS, tokens=TOKENS)


if __name__ == "__main__":
    main()
