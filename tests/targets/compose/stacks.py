"""Projects of every profile, and their compose files with a gateway and an API in front."""

from collections.abc import Mapping
from typing import Any

import yaml

from llmops_cli.config.compose_target import ComposeTarget
from llmops_cli.config.load import parse
from llmops_cli.config.model import Config
from llmops_cli.flows.project_files import template_texts
from llmops_cli.targets.compose.profiles import services_of
from llmops_cli.targets.compose.rendered_services import (
    Placement,
    render_services,
    volumes_of,
)
from llmops_cli.targets.compose.service import Service

PROFILES = ("chat", "router", "production", "gpu-stack")

_FRONT = """\
name: {stack}
services:
  gateway:
    image: haproxy:3.2.4
    ports: ["8000:8080"]
{services}
volumes:
  {stack}_gateway: {{}}
"""


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


def compose_file(found: tuple[Service, ...], stack: str = "demo-compose") -> str:
    place = placed(found, stack)
    text = _FRONT.format(stack=stack, services=render_services(found, place))
    for volume in volumes_of(found, place):
        text += f"  {volume.volume}: {{name: {volume.volume}, external: {volume.is_external}}}\n"
    return text.replace("external: True", "external: true").replace("external: False", "labels: {}")


def loaded(profile: str, extra: str = "") -> Mapping[str, Any]:
    """Return the services beside the API, by name, as YAML reads them."""
    document = yaml.safe_load(compose_file(services(profile, extra)))
    document["services"].pop("gateway")
    found: Mapping[str, Any] = document["services"]
    return found
