"""A target with a stack: what starts before what, and which secrets are the API's."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from llmops_cli.config.load import load
from llmops_cli.core.release import Release
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.secret_stores.hosts import HostStore
from llmops_cli.targets.host.making import make_host_target
from llmops_cli.targets.host.target import HostTarget
from tests.hosts.ssh_hosts import SshHosts, ssh_hosts
from tests.ssh_server import needs_ssh
from tests.targets.host.behind import LITELLM, Asked

_STACK = (
    '[targets.host.stack]\nprofile = "router"\n'
    '[secrets]\nrequired = ["LITELLM_MASTER_KEY", "PROVIDER_KEY"]\n'
)
_RELEASE = Release("a" * 12, "a" * 40, "b" * 40, datetime(2026, 1, 2, tzinfo=UTC), "First")
_FACTS = HostFacts("host1", systemd=(252,), nginx_group="www-data")


@pytest.fixture
def server() -> Iterator[SshHosts]:
    with ssh_hosts() as found:
        yield found


@contextmanager
def target_on(server: SshHosts, stack: str) -> Iterator[HostTarget]:
    """A target on one host, whose engine answers and has nothing."""
    root = server.folder / "chat"
    root.mkdir(exist_ok=True)
    (root / "llmops.toml").write_text(
        f'name = "demo"\n[targets.host]\nhosts = ["host1"]\nserver_name = "chat.example"\n{stack}'
    )
    (root / "litellm.yaml").write_text(
        LITELLM.replace("api_key: none", "api_key: os.environ/PROVIDER_KEY")
    )
    program = server.folder / "docker"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    hosts = server.hosts(["host1"])
    made = make_host_target(load(root), "host", root, hosts, HostStore(hosts))
    assert isinstance(made, HostTarget)
    asked = Asked(replace(Asked().engine, program=str(program)))
    place = replace(made.place, stack=replace(made.place.stack, engine_of=asked.of))
    try:
        yield replace(made, place=place)
    finally:
        hosts.close()


def titles(plan: object) -> list[str]:
    return [step.title for step in plan]  # type: ignore[attr-defined]


@needs_ssh
def test_the_stack_is_there_before_the_release_and_goes_after_it(server: SshHosts) -> None:
    with target_on(server, _STACK) as target:
        write, stack, start = titles(target.stage(target.candidate(_RELEASE)))
        assert write.startswith("Write release")
        assert stack == "Start the stack: litellm"
        assert start.startswith(f"Start {_RELEASE.id} beside the live release")
        assert titles(target.start()) == ["Start the stack", "Start what is on record"]
        assert titles(target.stop()) == ["Stop serving", "Stop the stack"]
        assert target.inspect().facts["litellm"] == "not there"
        assert "stack/litellm/litellm.yaml" in target.place.stack.documents()


@needs_ssh
def test_a_key_that_only_litellm_presents_is_in_no_unit(server: SshHosts) -> None:
    names = ("LLMOPS_API_KEY", "LITELLM_MASTER_KEY", "PROVIDER_KEY")
    release = replace(_RELEASE, secret_versions=dict.fromkeys(names, "1"))
    with target_on(server, _STACK) as target:
        unit = target.place.units(release, _FACTS)["service"]
    assert "LITELLM_MASTER_KEY" in unit
    assert "PROVIDER_KEY" not in unit
    assert "docker.service" in unit


@needs_ssh
def test_without_a_stack_no_engine_is_asked_for(server: SshHosts) -> None:
    with target_on(server, '[secrets]\nrequired = ["OWN"]\n') as target:
        assert len(target.stage(target.candidate(_RELEASE))) == 2
        assert (len(target.start()), len(target.stop())) == (1, 1)
        release = replace(_RELEASE, secret_versions={"OWN": "1"})
        unit = target.place.units(release, _FACTS)["service"]
    assert "OWN" in unit
    assert "docker.service" not in unit
