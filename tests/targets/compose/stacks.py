"""Projects of every profile, and their compose files with a gateway and an API in front."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import yaml

from llmops_cli.config.compose_target import ComposeTarget
from llmops_cli.config.load import parse
from llmops_cli.config.model import Config
from llmops_cli.core.release import Release
from llmops_cli.flows.project_files import template_texts
from llmops_cli.stacks.beside import Beside, Volume
from llmops_cli.stacks.profiles import services_of
from llmops_cli.stacks.rendered_services import (
    Placement,
    render_services,
    volumes_of,
)
from llmops_cli.stacks.service import Service
from llmops_cli.stacks.stack import Stack
from llmops_cli.targets.compose.compose_file import (
    GatewayService,
    Mount,
    ReleaseService,
    StackFile,
)

_DAY = datetime(2026, 1, 1, tzinfo=UTC)
PLAIN_GATEWAY = GatewayService("127.0.0.1", 8000)
#: The gateway with a certificate, for everybody.
TLS_GATEWAY = GatewayService(
    "0.0.0.0", 443, secrets=(Mount("demo-compose_secret_TLS_1", "/run/secrets/TLS"),)
)
PROFILES = ("chat", "router", "production", "gpu-stack")

#: Of Grafana and of MLflow, as the template has them.
PORTS = (3000, 5000)


def project(
    profile: str, extra: str = "", ports: tuple[int, int] = PORTS
) -> tuple[Config, ComposeTarget]:
    """Return the project that `init` writes for a profile, with more lines for its target."""
    text = template_texts("demo", "compose", profile, 8000)["llmops.toml"]
    text = text.replace("[targets.compose]\n", f"[targets.compose]\n{extra}\n")
    text = text.replace("grafana_port = 3000", f"grafana_port = {ports[0]}")
    text = text.replace("mlflow_port = 5000", f"mlflow_port = {ports[1]}")
    config = parse(text, "llmops.toml")
    target = config.targets["compose"]
    assert isinstance(target, ComposeTarget)
    return config, target


def services(profile: str, extra: str = "", ports: tuple[int, int] = PORTS) -> tuple[Service, ...]:
    config, target = project(profile, extra, ports)
    return services_of(config, target, template_texts("demo", "compose", profile, 8000).get)


def placed(found: tuple[Service, ...], stack: str = "demo-compose") -> Placement:
    versions = {name: "1" for service in found for name in service.secrets}
    return Placement(stack, versions, 300, lambda service: {"llmops.service": service.name})


def compose_file(
    found: tuple[Service, ...], gateway: GatewayService = PLAIN_GATEWAY, stack: str = "demo-compose"
) -> str:
    """Return the whole file: the gateway, the services, and a release behind it."""
    place = placed(found, stack)
    volumes = tuple(Volume(m.volume, m.is_external) for m in volumes_of(found, place))
    names = tuple(service.name for service in found)
    beside = Beside(names, render_services(found, place), volumes)
    image = f"registry.example.com/demo@sha256:{'a' * 64}"
    release = Release("0123456789ab", "0" * 40, "1" * 40, _DAY, "First", image=image)
    service = ReleaseService("api-0123456789ab", release, {"PORT": "8000"}, "512m", 1.0)
    return StackFile(Stack(stack), gateway, 300, beside, (service,)).text()


def loaded(profile: str, extra: str = "") -> Mapping[str, Any]:
    """Return the services beside the API, by name, as YAML reads them."""
    document = yaml.safe_load(compose_file(services(profile, extra)))
    found = {service.name for service in services(profile, extra)}
    return {name: text for name, text in document["services"].items() if name in found}
