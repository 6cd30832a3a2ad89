"""The stack of a host as real containers: started once, left alone by deploys, renewed by start."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from llmops_cli.core import plan as plans
from llmops_cli.core.plan import Plan, StepSaid
from llmops_cli.core.secret import Secret
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import UsageError
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.several import Hosts
from llmops_cli.targets.host.stack import HostStack
from llmops_cli.targets.host.stack_looks import facts_of, preflight, probes
from tests.engines import needs_compose
from tests.hosts.ssh_hosts import ssh_hosts
from tests.project import free_port
from tests.ssh_server import needs_ssh
from tests.targets.compose.running_stack import docker
from tests.targets.host.behind import KEY, LITELLM, Asked, host_stack
from tests.targets.host.stand_in_image import stand_in_image

WITH_ENGINE = [HostFacts("host1", has_engine=True)]


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """An image that starts as LiteLLM's does."""
    with stand_in_image() as name:
        yield name


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    """A host over ssh whose engine is that of this machine."""
    with ssh_hosts() as server:
        found = server.hosts(["host1"])
        place = server.disk("host1").parents[1] / "run" / "docker.sock"
        place.parent.mkdir(exist_ok=True)
        place.symlink_to("/var/run/docker.sock")
        yield found
        found.close()


def router(folder: Path, image: str, port: int, hosts: Hosts) -> HostStack:
    lines = f'profile = "router"\nlitellm_port = {port}\nimages = {{ litellm = "{image}" }}'
    return host_stack(folder, lines, reached=hosts)


def container(stack: HostStack) -> str:
    [[litellm]] = stack.running().values()
    return litellm.id


def secret_volumes(stack: HostStack) -> set[str]:
    name = f"name={stack.stack.name}_secret_"
    return set(docker("volume", "ls", "--quiet", "--filter", name).split())


def remove(stack: HostStack) -> None:
    label = f"label=llmops.stack={stack.stack.name}"
    ids = docker("ps", "--all", "--quiet", "--filter", label).split()
    if ids:
        docker("rm", "--force", *ids)
    for kind in ("volume", "network"):
        names = docker(kind, "ls", "--quiet", "--filter", label).split()
        if names:
            docker(kind, "rm", *names)


@needs_compose
@needs_ssh
@pytest.mark.timeout(180)
def test_a_stack_is_started_once_left_alone_by_deploys_and_renewed_by_start(
    image: str, hosts: Hosts, tmp_path: Path
) -> None:
    port = free_port()
    stack = router(tmp_path / "project", image, port, hosts)
    try:
        plan = stack.stage()
        [step] = plan
        assert step.title == "Start the stack: litellm"
        assert facts_of(stack, ["host1"]) == {"litellm": "not there"}
        said: list[str] = []
        plans.apply(plan, lambda event: said.append(getattr(event, "line", "")))
        assert any(line.startswith("litellm is up after ") for line in said)
        alive = httpx2.get(f"http://127.0.0.1:{port}/health/liveliness", timeout=10)
        assert alive.status_code == 200
        first = container(stack)
        nothing_is_touched_by_the_next_deploy(stack, tmp_path, image, port)
        assert container(stack) == first
        changes_are_applied_by_start_alone(stack, tmp_path / "project")
        assert container(stack) != first
        plans.apply(stack.stop(1))
        assert facts_of(stack, ["host1"]) == {"litellm": "exited"}
        [step] = stack.stage()
        assert step.title == "Start the stack: litellm"
    finally:
        remove(stack)


def nothing_is_touched_by_the_next_deploy(
    stack: HostStack, folder: Path, image: str, port: int
) -> None:
    assert stack.stage() == Plan()
    assert list(preflight(stack, WITH_ENGINE)) == []
    [found] = [diagnosis for probe in probes(stack) for diagnosis in probe.look()]
    assert (found.subject, found.text) == ("stack: litellm on host1", "healthy")
    [line] = stack.logs("litellm", ["host1"], lines=1, follow=False)
    assert line == "litellm listens at 4000"
    with pytest.raises(UsageError, match="no service nginx"):
        stack.logs("nginx", ["host1"], lines=1, follow=False)
    other = router(folder / "other", image, port, stack.hosts)
    [problem] = preflight(other, WITH_ENGINE)
    assert problem.what == (
        f"Port {port} of host1 is used by the container {stack.stack.name}-litellm-1."
    )


def changes_are_applied_by_start_alone(stack: HostStack, project: Path) -> None:
    (project / "litellm.yaml").write_text(LITELLM.replace("openai/demo", "openai/another"))
    stack.store.write("LITELLM_MASTER_KEY", Secret(f"{KEY}-2"))
    assert facts_of(stack, ["host1"]) == {"litellm": "healthy, changed since: llmops start"}
    assert stack.stage() == Plan()
    events: list[plans.Event] = []
    plans.apply(stack.start(), events.append)
    assert any(isinstance(event, StepSaid) for event in events)
    assert facts_of(stack, ["host1"]) == {"litellm": "healthy"}
    # The value that nothing reads any more is gone from the host's engine.
    [volume] = secret_volumes(stack)
    assert volume.endswith("_secret_LITELLM_MASTER_KEY_2")
    shown = docker("container", "inspect", container(stack))
    assert KEY not in shown


def test_each_host_has_a_stack_of_its_own(tmp_path: Path) -> None:
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    asked = Asked(Engine(str(program)))
    stack = host_stack(tmp_path / "project", 'profile = "router"', hosts=("one", "two"))
    [step] = replace(stack, engine_of=asked.of).stage()
    assert sorted(asked.hosts) == ["one", "two"]
    assert step.details == {"one": "litellm", "two": "litellm"}
    asked.hosts.clear()
    [step] = replace(stack, engine_of=asked.of).stage(["two"])
    assert (asked.hosts, step.details) == (["two"], {"two": "litellm"})


def test_what_a_stack_needs_is_asked_for_before_a_deploy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = host_stack(tmp_path, 'profile = "router"')
    monkeypatch.setenv("PATH", str(tmp_path))
    found = list(preflight(stack, [HostFacts("one", has_engine=False)]))
    assert ["docker is not installed here" in found[0].what, found[1].what] == [
        True,
        "one has no Docker engine, which the stack runs in.",
    ]
    assert list(preflight(host_stack(tmp_path, ""), [HostFacts("one")])) == []
