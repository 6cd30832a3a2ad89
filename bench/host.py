"""Deploys to a host with systemd and nginx: their time, their bytes, and what is lost under load.

The host is a container with systemd as its first process. Side by side: a deploy of a changed
prompt with `systemctl restart` of the same unit; and a request through nginx with TLS with the
same one to the release's own socket, by turns: read the ratios. Then ten deploys and rollbacks
under 16 kept-alive connections from wrk and 20 open streams, each longer than a cut-over. Goal: no
answer but 200, no socket error, no truncated stream.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path

import httpx2

from bench.parts.under_load import seconds_of, under_load
from tests.engines import holds
from tests.hosts import counting
from tests.hosts.host_project import APP, HostProject
from tests.hosts.machine import IMAGE, docker
from tests.hosts.machines import Fleet, machines
from tests.load import is_possible
from tests.project import API_KEY

ROUNDS = 5
CONNECTIONS = 16
STREAMS = 20
TOKENS = 400
ASKED = 1000


def main() -> None:
    """Measure and print."""
    if not (is_possible() and holds(IMAGE)):
        print(f"skipped: needs wrk, and a Docker engine that holds {IMAGE} (see .ci/engine)")
        return
    with tempfile.TemporaryDirectory() as name, machines(Path(name) / "ssh") as fleet:
        project = fleet.project(Path(name) / "chat")
        sent = _count_bytes(project, fleet, Path(name) / "sent")
        _first(project, sent)
        _idle(project, sent)
        _latency(project)
        _loaded(project)


def _count_bytes(project: HostProject, fleet: Fleet, file: Path) -> Path:
    root = Path(__file__).parents[1]
    command = f"env PYTHONPATH={root} {sys.executable} -m tests.hosts.counting {file} %h %p"
    config = fleet.ssh_config.read_text().replace("Host *\n", f"Host *\n  ProxyCommand {command}\n")
    project.write("ssh_config", config)
    return file


def _first(project: HostProject, sent: Path) -> None:
    apply = seconds_of(lambda: project.ok("infra", "apply", "--yes"))
    project.ok("secrets", "set", "LLMOPS_API_KEY", input=API_KEY)
    before = counting.total(sent)
    deploy = seconds_of(lambda: project.ok("deploy"))
    kilobytes = (counting.total(sent) - before) / 1000
    print(f"infra apply {apply:.1f} s, first deploy {deploy:.1f} s, {kilobytes:.0f} kB sent")


def _idle(project: HostProject, sent: Path) -> None:
    [machine] = project.machines
    found: dict[str, list[float]] = {"deploy": [], "rollback": [], "restart": [], "bytes": []}
    for number in range(ROUNDS):
        project.change(f"Idle {number}.")
        before = counting.total(sent)
        found["deploy"].append(seconds_of(lambda: project.ok("deploy")))
        found["bytes"].append(counting.total(sent) - before)
        found["rollback"].append(seconds_of(lambda: project.ok("rollback")))
        unit = project.unit()
        restart = seconds_of(lambda unit=unit: machine.run("systemctl", "restart", unit))
        found["restart"].append(restart)
    middle = {name: statistics.median(values) for name, values in found.items()}
    print(f"a changed prompt: {middle['bytes'] / 1000:.1f} kB sent over ssh in all")
    print(f"systemctl restart, until it is ready: {middle['restart']:.2f} s")
    for name in ("deploy", "rollback"):
        ratio = middle[name] / middle["restart"]
        print(f"{name} {middle[name]:.2f} s: {ratio:.2f} x systemctl restart")


def _latency(project: HostProject) -> None:
    [machine] = project.machines
    [state] = json.loads(docker("inspect", machine.name))
    socket = project.unit().removeprefix(f"{APP}@").replace(".service", ".sock")
    path = f"/proc/{state['State']['Pid']}/root/run/{APP}/{socket}"
    headers = {"authorization": f"Bearer {API_KEY}"}
    clients = {
        "socket": httpx2.Client(
            base_url="http://localhost", transport=httpx2.HTTPTransport(uds=path), headers=headers
        ),
        # Straight to the container: what publishes its port would cost as well.
        "nginx": httpx2.Client(
            base_url=f"https://{state['NetworkSettings']['IPAddress']}",
            verify=project.trust,
            headers={**headers, "host": "localhost"},
        ),
    }
    found: dict[str, list[float]] = {name: [] for name in clients}
    for _ in range(ASKED):
        for name, client in clients.items():
            found[name].append(seconds_of(lambda client=client: _ask(client)))
    for client in clients.values():
        client.close()
    middle = {name: statistics.median(seconds) for name, seconds in found.items()}
    ratio = middle["nginx"] / middle["socket"]
    added = (middle["nginx"] - middle["socket"]) * 1e3
    print(f"a request through nginx with TLS: {ratio:.2f} x the socket, {added:.2f} ms more")


def _ask(client: httpx2.Client) -> None:
    client.get("/v1/models", extensions={"sni_hostname": "localhost"}).raise_for_status()


def _loaded(project: HostProject) -> None:
    under_load(project, rounds=ROUNDS, connections=CONNECTIONS, streams=STREAMS, tokens=TOKENS)


if __name__ == "__main__":
    main()
