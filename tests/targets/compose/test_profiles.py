"""What runs beside the API, and what is never true of it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmops_cli.config.load import parse
from llmops_cli.errors import ConfigError
from llmops_cli.stacks.profiles import api_secrets, api_settings, services_of
from llmops_cli.stacks.service import config_volume
from llmops_cli.targets.compose.compose_file import GatewayService
from tests.engines import has_plugin
from tests.targets.compose.stacks import (
    PLAIN_GATEWAY,
    PROFILES,
    TLS_GATEWAY,
    compose_file,
    loaded,
    project,
    services,
)

OVERRIDES = {
    "chat": 'images = { gateway = "registry.example.com/haproxy:3.2.5" }',
    "router": 'images = { litellm = "registry.example.com/litellm:v1.102.3" }',
    "production": f'images = {{ qdrant = "qdrant/qdrant@sha256:{"a" * 64}" }}',
    "gpu-stack": 'images = { tei = "registry.example.com/tei:1.9.1", vllm = "vllm:v0.26.1" }',
}
VARIANTS = [(profile, "") for profile in PROFILES]
VARIANTS += [(profile, OVERRIDES[profile]) for profile in PROFILES]

every_variant = pytest.mark.parametrize(("profile", "extra"), VARIANTS)


@pytest.mark.parametrize("gateway", [PLAIN_GATEWAY, TLS_GATEWAY], ids=["plain", "tls"])
@every_variant
def test_compose_and_the_specification_accept_it(
    profile: str, extra: str, gateway: GatewayService, tmp_path: Path
) -> None:
    if not has_plugin("compose"):
        pytest.skip("needs docker compose")
    file = tmp_path / "compose.yaml"
    file.write_text(compose_file(services(profile, extra), gateway))
    asked = ["docker", "compose", "--file", str(file), "config", "--quiet"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    judged = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(file),
    ]
    done = subprocess.run(judged, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("profile", "names"),
    [
        ("chat", []),
        ("router", ["litellm"]),
        ("production", ["tei", "litellm", "qdrant", "mlflow", "prometheus", "grafana"]),
        ("gpu-stack", ["vllm", "tei", "litellm"]),
    ],
)
def test_a_profile_runs_its_services(profile: str, names: list[str]) -> None:
    assert list(loaded(profile)) == names


@every_variant
def test_every_service_is_pinned_limited_watched_and_restarted(profile: str, extra: str) -> None:
    for name, service in loaded(profile, extra).items():
        pinned = re.fullmatch(r".+(:[\w.-]*\d[\w.-]*|@sha256:[0-9a-f]{64})", service["image"])
        assert pinned, service["image"]
        assert "latest" not in json.dumps(service), name
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"
        assert _seconds(service["stop_grace_period"]) >= 35
        assert service["deploy"]["resources"]["limits"]["memory"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["logging"]["options"]["max-size"]
        assert service.get("read_only") or name == "vllm"
        assert "privileged" not in service


@every_variant
def test_only_pages_for_operators_are_published_and_only_on_the_machine_itself(
    profile: str, extra: str
) -> None:
    published = {
        name: service["ports"]
        for name, service in loaded(profile, extra).items()
        if "ports" in service
    }
    assert set(published) == ({"grafana", "mlflow"} if profile == "production" else set())
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


@every_variant
def test_nothing_of_the_machine_is_mounted_and_what_is_given_is_read_only(
    profile: str, extra: str
) -> None:
    for service in loaded(profile, extra).values():
        for mount in service.get("volumes", ()):
            assert mount["type"] == "volume"
            assert mount["source"].startswith("demo-compose_")
            assert ("_data_" in mount["source"]) != mount.get("read_only", False)


@every_variant
def test_keys_are_files_and_never_variables(profile: str, extra: str) -> None:
    for service in loaded(profile, extra).values():
        for name, value in service.get("environment", {}).items():
            assert not re.search(r"KEY|TOKEN|SECRET|PASSWORD(?!__FILE)", name), (name, value)


def test_services_that_requests_pass_through_outlive_the_release() -> None:
    assert _seconds(loaded("gpu-stack")["vllm"]["stop_grace_period"]) > 300
    assert _seconds(loaded("gpu-stack")["litellm"]["stop_grace_period"]) > 300


def test_litellm_is_asked_what_costs_nothing() -> None:
    [url] = re.findall(r"http://[^']+", loaded("router")["litellm"]["healthcheck"]["test"][3])
    assert url.endswith("/health/liveliness")


def test_litellm_waits_for_the_models_of_this_machine() -> None:
    healthy = {"condition": "service_healthy"}
    assert loaded("gpu-stack")["litellm"]["depends_on"] == {"vllm": healthy, "tei": healthy}
    assert loaded("production")["litellm"]["depends_on"] == {"tei": healthy}
    assert "depends_on" not in loaded("router")["litellm"]


def test_gpus_are_reserved_and_a_first_download_has_45_minutes() -> None:
    vllm = loaded("gpu-stack")["vllm"]
    [reserved] = vllm["deploy"]["resources"]["reservations"]["devices"]
    assert reserved == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
    assert vllm["healthcheck"]["start_period"] == "2700s"
    assert "reservations" not in loaded("gpu-stack")["tei"]["deploy"]["resources"]


def test_what_the_operator_writes_is_one_argument_and_nothing_is_filled_in() -> None:
    config, target = project("gpu-stack")
    odd = target.vllm.model_copy(update={"arguments": ('--a="${HOME}: #', "4096")})
    changed = target.model_copy(update={"vllm": odd})
    found = services_of(config, changed, lambda _: services("gpu-stack")[2].files["litellm.yaml"])
    if not has_plugin("compose"):
        pytest.skip("needs docker compose")
    told = subprocess.run(
        ["docker", "compose", "--file", "-", "config", "--format", "json"],
        input=compose_file(found).encode(),
        capture_output=True,
        check=True,
    )
    document: dict[str, Any] = json.loads(told.stdout)
    assert document["services"]["vllm"]["command"][-2:] == ['--a="$${HOME}: #', "4096"]


def test_a_changed_file_is_another_volume() -> None:
    first, second = services("router")[0], services("gpu-stack")[2]
    assert config_volume("s", first) != config_volume("s", second)
    assert config_volume("s", first) == config_volume("s", services("router")[0])


def test_the_api_gets_what_it_presents_and_no_key_of_a_provider() -> None:
    config, _target = project("production")
    assert set(api_secrets(config, services("production"))) == {
        "LLMOPS_API_KEY",
        "PROMETHEUS_KEY",
        "JWT_SECRET_KEY",
        "AUTH_ADMIN_HASH",
        "LITELLM_MASTER_KEY",
        "QDRANT_API_KEY",
    }
    assert api_settings(services("production"))["QDRANT_URL"] == "http://qdrant:6333"


def test_without_services_the_api_gets_every_secret() -> None:
    config, _target = project("chat")
    assert api_secrets(config, ()) == ("LLMOPS_API_KEY",)


def test_the_api_gets_neither_the_registrys_password_nor_the_gateways_certificate() -> None:
    config = parse(
        'name = "chat"\n[secrets]\nrequired = ["OWN", "REGISTRY", "TLS"]\n'
        '[image]\nusername = "ci"\npassword_secret = "REGISTRY"\n'
        '[targets.compose]\ncertificate_secret = "TLS"\n',
        "llmops.toml",
    )
    assert api_secrets(config, ()) == ("LLMOPS_API_KEY", "OWN")


def test_a_secret_that_a_service_needs_must_be_listed() -> None:
    config, target = project("production")
    required = tuple(n for n in config.secrets.required if n != "GRAFANA_ADMIN_PASSWORD")
    fewer = config.model_copy(
        update={"secrets": config.secrets.model_copy(update={"required": required})}
    )
    text = services("production")[1].files["litellm.yaml"]
    with pytest.raises(ConfigError, match="lacks GRAFANA_ADMIN_PASSWORD") as caught:
        services_of(fewer, target, lambda _: text)
    assert "grafana needs GRAFANA_ADMIN_PASSWORD" in caught.value.evidence


def test_an_image_of_a_service_that_is_not_there_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="names 'qdrant'"):
        services("router", 'images = { qdrant = "qdrant/qdrant:v1.18.3" }')


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ('images = { gateway = "haproxy:latest" }', "latest"),
        ('profile = "gpu-stack"', "vllm.model"),
        ('profile = "gpu-stack"\nvllm = { model = "m", arguments = ["--api-key=x"] }', "secret"),
        ('tei = { arguments = ["--model-id", "m"] }', "with `model`"),
    ],
)
def test_a_target_that_could_not_run_is_refused(extra: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        project("chat", extra)
    assert words in caught.value.message


def test_without_its_file_litellm_is_not_deployed() -> None:
    config, target = project("router")
    with pytest.raises(ConfigError, match="no litellm"):
        services_of(config, target, lambda _: None)


def _seconds(text: str) -> int:
    return int(text.removesuffix("s"))


@every_variant
def test_a_release_is_found_by_one_name_and_publishes_nothing(profile: str, extra: str) -> None:
    document = yaml.safe_load(compose_file(services(profile, extra)))
    release = document["services"]["api-0123456789ab"]
    assert release["networks"] == {"default": {"aliases": ["api"]}}
    assert "ports" not in release
    [port] = document["services"]["gateway"]["ports"]
    assert (port["host_ip"], port["published"]) == ("127.0.0.1", "8000")
