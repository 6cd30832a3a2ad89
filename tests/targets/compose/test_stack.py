"""A stack that serves: how its containers are confined, what they show, and how it is operated."""

import json
import os
import subprocess
import threading
import time

import httpx2
import pytest

from llmops_cli.catalog.targets import make_target
from llmops_cli.config.load import load
from llmops_cli.targets.compose.staging import retire
from llmops_cli.targets.compose.target import ComposeTarget
from tests.engines import needs_compose
from tests.project import API_KEY
from tests.targets.compose.stack_project import StackProject, docker
from tests.waiting import eventually

pytestmark = [needs_compose, pytest.mark.timeout(300)]
SENTINEL = "sentinel-value-0123456789abcdef"


def test_a_release_runs_confined_as_a_user_without_rights(deployed: StackProject) -> None:
    live = deployed.container(deployed.serving())
    host = live["HostConfig"]
    assert (host["ReadonlyRootfs"], host["CapDrop"], host["Binds"]) == (True, ["ALL"], None)
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert (host["Memory"], host["PidsLimit"], host["NanoCpus"]) == (512 << 20, 512, 10**9)
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert live["Config"]["StopTimeout"] == 305
    assert not any(host["PortBindings"].values()) if host["PortBindings"] else True
    assert docker("exec", live["Id"], "id", "-u").strip() == "10001"
    refused = subprocess.run(["docker", "exec", live["Id"], "touch", "/app/x"], check=False)
    assert refused.returncode != 0
    assert docker("exec", live["Id"], "touch", "/data/x", "/tmp/x") == ""


def test_only_the_gateway_is_published_and_nothing_of_a_machine_is_mounted(
    deployed: StackProject,
) -> None:
    for container in deployed.containers():
        kinds = {mount["Type"] for mount in container["Mounts"]}
        assert kinds <= {"volume"}
        bindings = container["HostConfig"]["PortBindings"] or {}
        published = [host for hosts in bindings.values() for host in hosts]
        if container["Config"]["Labels"]["llmops.role"] == "gateway":
            assert published == [{"HostIp": "127.0.0.1", "HostPort": str(deployed.port)}]
            assert container["HostConfig"]["ReadonlyRootfs"]
            assert docker("exec", container["Id"], "id", "-u").strip() != "0"
        else:
            assert published == []


def test_a_secret_is_in_its_file_and_in_nothing_that_the_engine_or_we_tell(
    deployed: StackProject,
) -> None:
    deployed.ok("secrets", "set", "LLMOPS_API_KEY", input=SENTINEL)
    try:
        said = deployed.ok("deploy", "--json").said
        said += deployed.ok("status", "--json").said
        live = deployed.container(deployed.serving())
        file = docker("exec", live["Id"], "cat", "/run/secrets/LLMOPS_API_KEY/value")
        assert file == SENTINEL
        keeper = docker("cp", f"{deployed.stack}-records:/records/live.json", "-")
        shown = json.dumps(deployed.containers()) + said + keeper
        assert SENTINEL not in shown
        assert API_KEY not in shown
        headers = {"authorization": f"Bearer {SENTINEL}"}
        assert httpx2.get(f"{deployed.url}/v1/models", headers=headers).status_code == 200
        # The release before is pinned to the value before.
        deployed.ok("rollback")
        assert httpx2.get(f"{deployed.url}/v1/models", headers=headers).status_code == 401
    finally:
        deployed.ok("secrets", "set", "LLMOPS_API_KEY", input=API_KEY)
        deployed.ok("deploy")


def test_what_is_under_way_is_finished_for_longer_than_the_engine_grants_by_itself(
    deployed: StackProject,
) -> None:
    # The engine's own time before it kills is 10 s.
    lines: list[str] = []
    streaming = threading.Thread(target=_read_stream, args=(deployed, 1200, lines))
    started = time.monotonic()
    streaming.start()
    eventually(lambda: len(lines) > 10)
    old = deployed.container(deployed.serving())["Id"]
    deployed.change("While a long stream is open.")
    deployed.ok("deploy")
    streaming.join()
    assert time.monotonic() - started > 11
    assert lines[-1] == "data: [DONE]"
    assert len(lines) > 1200
    ended = eventually(lambda: _ended(old))
    assert ended["ExitCode"] == 0


def test_the_log_is_followed_from_one_release_to_the_next(deployed: StackProject) -> None:
    following = deployed.popen("logs", "--follow", "--lines", "1")
    try:
        lines: list[str] = []
        assert following.stdout is not None
        reading = threading.Thread(target=lambda: lines.extend(following.stdout or ()))
        reading.start()
        first = f"r-{os.urandom(4).hex()}"
        eventually(lambda: _asked(deployed, first) and any(first in line for line in lines))
        deployed.change("Logged by another container.")
        deployed.ok("deploy")
        second = f"r-{os.urandom(4).hex()}"
        eventually(lambda: _asked(deployed, second) and any(second in line for line in lines))
    finally:
        following.terminate()
        following.communicate()
        reading.join()


def test_the_gateway_asks_for_no_name_that_the_engine_does_not_know(
    deployed: StackProject,
) -> None:
    deployed.change("Makes the one before end.")
    deployed.ok("deploy")
    eventually(lambda: len(deployed.running_services()) == 1)
    asked = b"show servers state\n"
    command = "exec 3<>/dev/tcp/127.0.0.1/9999; cat >&3; cat <&3"
    told = docker("exec", "-i", deployed.gateway(), "bash", "-c", command, input=asked)
    rows = [line.split() for line in told.splitlines() if line[:1].isdigit() and " " in line]
    [live] = deployed.running_services()
    assert {row[17] for row in rows} <= {"-", "gateway", live}


def test_stopped_it_serves_nothing_and_started_it_serves_the_release_on_record(
    deployed: StackProject,
) -> None:
    before = deployed.serving()
    deployed.ok("stop", "--yes", "--grace", "5")
    assert deployed.running() == set()
    with pytest.raises(httpx2.ConnectError):
        deployed.serving()
    state = deployed.llmops("status", "--json").document
    assert (state["live"], state["recorded"]["id"]) == (None, before)
    assert state["next"] == "llmops start"
    deployed.ok("start")
    assert deployed.serving() == before


def test_the_gateway_says_who_asks_and_believes_no_client_about_it(
    deployed: StackProject,
) -> None:
    live = deployed.container(deployed.serving())
    asked = f"r-{os.urandom(4).hex()}"
    headers = {"x-forwarded-for": "203.0.113.9", "x-request-id": asked}
    httpx2.get(f"{deployed.url}/v1/models", headers=headers)
    line = eventually(
        lambda: next(
            (line for line in docker("logs", live["Id"]).splitlines() if asked in line), ""
        )
    )
    network = docker("network", "inspect", f"{deployed.stack}_default")
    gateway = json.loads(network)[0]["IPAM"]["Config"][0]["Gateway"]
    assert "203.0.113.9" not in line
    assert gateway in line


def test_old_releases_are_retired_with_their_images_and_named_ones_stay(
    deployed: StackProject,
) -> None:
    named = deployed.serving()
    deployed.ok("releases", "--name", f"{named}=before-the-others")
    ids = [named]
    for number in range(3):
        ids.append(deployed.change(f"Prompt {number}."))
        deployed.ok("deploy")
    eventually(lambda: deployed.running() == {ids[-1]})
    target = make_target(load(deployed.root), "compose", deployed.root)
    assert isinstance(target, ComposeTarget)
    assert ids[1] in retire(target.site, 0)
    kept = {found.release.id for found in target.releases(100)}
    assert kept == {named, ids[2], ids[3]}
    images = docker("image", "ls", "--filter", f"label=llmops.project={deployed.name}")
    assert ids[1] not in images
    assert ids[2] in images
    assert all(ids[1] not in container["Name"] for container in deployed.containers())


def _read_stream(project: StackProject, tokens: int, lines: list[str]) -> None:
    question = {
        "model": "demo",
        "stream": True,
        "messages": [{"role": "user", "content": f"count to {tokens}"}],
    }
    headers = {"authorization": f"Bearer {API_KEY}"}
    url = f"{project.url}/v1/chat/completions"
    with httpx2.stream("POST", url, json=question, headers=headers, timeout=60) as answer:
        lines.extend(line for line in answer.iter_lines() if line)


def _ended(container: str) -> dict[str, int]:
    state = json.loads(docker("inspect", container))[0]["State"]
    return {} if state["Running"] else state


def _asked(project: StackProject, id: str) -> bool:
    answer = httpx2.get(f"{project.url}/v1/models", headers={"x-request-id": id}, timeout=10)
    return answer.status_code in (200, 401)
