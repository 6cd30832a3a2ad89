"""The stack's files, rendered: accepted by Compose, by its schema and by HAProxy, and hardened."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmops_cli.config.compose_target import ComposeTarget as Settings
from llmops_cli.core.release import Release
from llmops_cli.core.secret import Secret
from llmops_cli.engine.docker import Engine
from llmops_cli.stacks.stack import service_of
from llmops_cli.targets.compose.compose_file import GATEWAY_IMAGE
from llmops_cli.targets.compose.environment import environment_of
from llmops_cli.targets.compose.gateway import Manners, configuration
from llmops_cli.targets.compose.making import make_compose_target
from tests.engines import needs_compose
from tests.targets.compose.stack_project import docker
from tests.targets.compose.stacks import PROFILES, project

RELEASE = Release(
    id="0123456789ab-dirty-89abcdef.2",
    commit="0123456789ab" + "0" * 28,
    tree="f" * 40,
    committed_at=datetime(2026, 1, 2, tzinfo=UTC),
    subject="Cost: ${LESS} $than 'before' \"now\" — ünïcode #1\n",
    settings={
        "PORT": "8000",
        "LLMOPS_MODEL": "demo",
        "LLMOPS_PRICE": "$5 {{ x }} ${HOME}",
        "LLMOPS_DRAIN_SECONDS": "600",
        "LLMOPS_LINGER_SECONDS": "7",
    },
    secret_versions={"LLMOPS_API_KEY": "3"},
    image="sha256:" + "a" * 64,
)


class Versions:
    """A store in which every secret has version 7."""

    def current_version(self, name: str) -> str | None:
        return "7"

    def read(self, name: str, version: str | None = None) -> Secret | None:
        return Secret("never-rendered-0123456789")

    def write(self, name: str, value: Secret) -> str:
        raise NotImplementedError

    def remove(self, name: str) -> None:
        raise NotImplementedError

    def names(self) -> tuple[str, ...]:
        return ()


def rendered(profile: str, folder: Path, extra: str = "") -> str:
    config, settings = project(profile, extra)
    assert isinstance(settings, Settings)
    from llmops_cli.flows.project_files import template_texts

    for path, text in template_texts("demo", "compose", profile, 8000).items():
        if path.endswith(".yaml"):
            (folder / path).write_text(text)
    # No engine is asked for its network here.
    engine = Engine(program="false")
    return (
        make_compose_target(config, "compose", folder, engine, Versions())
        .site.file(RELEASE, service_of(RELEASE))
        .text()
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_renders_a_file_of_the_compose_specification(
    profile: str, tmp_path: Path
) -> None:
    text = rendered(profile, tmp_path)
    (tmp_path / "stack.yaml").write_text(text)
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    checked = subprocess.run(
        [*words, str(tmp_path / "stack.yaml")], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    assert "never-rendered" not in text
    assert ":latest" not in text


@needs_compose
@pytest.mark.parametrize("profile", PROFILES)
def test_compose_accepts_every_profile_and_gives_each_value_as_it_was(
    profile: str, tmp_path: Path
) -> None:
    text = rendered(profile, tmp_path)
    told = docker("compose", "--file", "-", "config", input=text.encode())
    service = yaml.safe_load(told)["services"][service_of(RELEASE)]
    assert service["environment"]["LLMOPS_PRICE"].replace("$$", "$") == "$5 {{ x }} ${HOME}"
    assert "${LESS} $than" in service["labels"]["llmops.record"].replace("$$", "$")
    assert service["environment"]["LLMOPS_API_KEY_FILE"] == "/run/secrets/LLMOPS_API_KEY/value"


@pytest.mark.parametrize("profile", PROFILES)
def test_only_the_gateway_is_open_to_others_and_everything_is_pinned_and_limited(
    profile: str, tmp_path: Path
) -> None:
    services: dict[str, Any] = yaml.safe_load(rendered(profile, tmp_path))["services"]
    for name, service in services.items():
        addresses = [_host(port) for port in service.get("ports", ())]
        assert all(address.startswith("127.0.0.1") for address in addresses), name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["labels"]["llmops.stack"] == "demo-compose", name
        has_limit = service.get("mem_limit") or service["deploy"]["resources"]["limits"]["memory"]
        assert has_limit, name
        assert not any(str(v).startswith(("/", ".")) for v in service.get("volumes", ())), name
    api = services[service_of(RELEASE)]
    assert api["image"] == RELEASE.image
    assert api["read_only"] is True
    # Longer than the API gives the requests under way.
    assert int(api["stop_grace_period"].rstrip("s")) > 607
    beside = [name for name in services if name not in ("gateway", service_of(RELEASE))]
    assert set(api.get("depends_on", ())) == set(beside)


@needs_compose
@pytest.mark.parametrize(
    "manners",
    [
        Manners("demo", 8000, 30, 30),
        Manners("demo", 8000, 7200, 60, "", ("10.0.0.0/8", "192.0.2.7")),
    ],
)
def test_haproxy_finds_no_fault_with_the_gateways_configuration(manners: Manners) -> None:
    files = configuration(manners, "api-0123456789ab", "0123456789ab")
    script = "cat > /tmp/haproxy.cfg; sed -i s,/gateway/,/tmp/, /tmp/haproxy.cfg; "
    script += 'echo "s1 x" > /tmp/releases.map; haproxy -c -f /tmp/haproxy.cfg'
    words = ["run", "--rm", "--interactive", "--network", "none", GATEWAY_IMAGE]
    run = subprocess.run(
        ["docker", *words, "bash", "-c", script],
        input=files[0].data,
        capture_output=True,
        check=False,
    )
    said = (run.stdout + run.stderr).decode()
    assert run.returncode == 0, said
    assert "WARNING" not in said


def test_the_gateway_is_believed_besides_the_proxies_that_the_project_believes() -> None:
    settings = {**RELEASE.settings, "LLMOPS_TRUSTED_PROXIES": "192.0.2.7"}
    release = Release(**{**vars(RELEASE), "settings": settings})
    variables = environment_of(release, ("LLMOPS_API_KEY",), ("172.18.0.0/16",))
    assert variables["LLMOPS_TRUSTED_PROXIES"] == "192.0.2.7,172.18.0.0/16"
    assert environment_of(RELEASE, (), ("172.18.0.0/16",))["LLMOPS_TRUSTED_PROXIES"] == (
        "172.18.0.0/16"
    )


def _host(port: Any) -> str:
    return port["host_ip"] if isinstance(port, dict) else str(port)
