"""Prometheus and Grafana: what is scraped, with which credentials, and how it is shown."""

from dataclasses import dataclass

from llmops_cli.config.api import Api
from llmops_cli.errors import ConfigError
from llmops_cli.rendering import render
from llmops_cli.stacks.dashboard import dashboard_text
from llmops_cli.stacks.litellm import MASTER_KEY
from llmops_cli.stacks.service import Service
from llmops_cli.stacks.surroundings import MachineApi

GRAFANA_PASSWORD = "GRAFANA_ADMIN_PASSWORD"  # noqa: S105 - the name of one

#: The caller of the API that Prometheus is, where metrics ask for a key.
CALLER = "prometheus"


@dataclass(frozen=True)
class Scraped:
    """What Prometheus asks: the API at its port, LiteLLM where it counts, and Qdrant.

    ``machine`` is the API where it runs on the machine itself.
    """

    api: Api
    port: int
    litellm: bool
    qdrant_key: str
    machine: MachineApi | None = None


def prometheus(image: str, scraped: Scraped) -> Service:
    """Return Prometheus, which finds every running container of the API by its name.

    Raises:
        ConfigError: the API shows its metrics to nobody, or only to callers with a key and
            Prometheus has none of its own.
    """
    api_key = _api_key(scraped.api)
    litellm_key = MASTER_KEY if scraped.litellm else ""
    keys = {"api": api_key, "qdrant": scraped.qdrant_key, "litellm": litellm_key}
    values = {"keys": keys, "port": scraped.port, "machine": scraped.machine}
    text = render("compose/prometheus.yml.j2", values)
    secrets = tuple(dict.fromkeys(name for name in keys.values() if name))
    return Service(
        "prometheus",
        image,
        files={"prometheus.yml": text},
        secrets=secrets,
        data="/prometheus",
        values=_around(scraped.machine),
    )


def grafana(image: str, port: int) -> Service:
    """Return Grafana with the data of Prometheus and a dashboard of the API."""
    return Service(
        "grafana",
        image,
        files={
            "provisioning/datasources/prometheus.yml": render("compose/grafana/datasource.yml", {}),
            "provisioning/dashboards/llmops.yml": render("compose/grafana/dashboards.yml", {}),
            "dashboards/llmops.json": dashboard_text(),
        },
        secrets=(GRAFANA_PASSWORD,),
        data="/var/lib/grafana",
        start_seconds=120,
        values={"port": port},
    )


def _around(machine: MachineApi | None) -> dict[str, object]:
    """Return by which name a container reaches the machine that it runs on."""
    return {"extra_host": f"{machine.server_name}:host-gateway"} if machine else {}


def _api_key(api: Api) -> str:
    """Return the name of the secret with which /metrics is read; nothing where it is open."""
    if api.telemetry.metrics == "off":
        raise _blind('has `metrics = "off"`', 'Set `metrics = "key"` in [api.telemetry].')
    if api.telemetry.metrics == "open" or api.auth == "none":
        return ""
    own = (key.secret for key in api.keys if key.name == CALLER and key.secret)
    secret = next(own, None)
    if secret is None:
        step = f'Add [[api.keys]] with name = "{CALLER}" and secret = "PROMETHEUS_KEY".'
        raise _blind("has no key for Prometheus", step)
    return secret


def _blind(why: str, step: str) -> ConfigError:
    return ConfigError(
        f"llmops.toml: [api] {why}, so that Prometheus could not read /metrics.", next_step=step
    )
