"""Prometheus reads the API's numbers, and every picture of the dashboard has data."""

import json
import math
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from llmops_cli.config.load import parse
from llmops_cli.errors import ConfigError
from llmops_cli.flows.project_files import template_texts
from llmops_cli.stacks.dashboard import dashboard_text, panels
from llmops_cli.stacks.profiles import services_of
from llmops_cli.stacks.service import Service
from tests.serve import scripted_upstream, served
from tests.serve.clients.questions import streams_with_usage
from tests.serve.conftest import in_front_of
from tests.serve.scripted_upstream import ScriptedUpstream, answers, says
from tests.serve.served import Served
from tests.targets.compose.prometheus_server import (
    Prometheus,
    configuration,
    needs_prometheus,
    running,
)
from tests.targets.compose.stacks import project, services
from tests.waiting import eventually

METRICS_KEY = "metrics-key-2c0b7d9a41e6f853"


def of(name: str, profile: str = "production") -> Service:
    return next(service for service in services(profile) if service.name == name)


def scrape_jobs(text: str) -> dict[str, dict[str, object]]:
    return {job["job_name"]: job for job in yaml.safe_load(text)["scrape_configs"]}


@needs_prometheus
def test_prometheus_accepts_its_configuration(tmp_path: Path) -> None:
    text = of("prometheus").files["prometheus.yml"]
    # promtool looks for the files of credentials as well.
    (tmp_path / "value").write_text(METRICS_KEY)
    for name in of("prometheus").secrets:
        text = text.replace(f"/run/secrets/{name}/value", str(tmp_path / "value"))
    (tmp_path / "prometheus.yml").write_text(text)
    told = subprocess.run(
        ["promtool", "check", "config", str(tmp_path / "prometheus.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr


def test_every_service_that_counts_is_scraped_with_its_own_key() -> None:
    jobs = scrape_jobs(of("prometheus").files["prometheus.yml"])
    assert set(jobs) == {"api", "gateway", "qdrant", "litellm", "prometheus"}
    assert jobs["api"]["dns_sd_configs"] == [
        {"names": ["api"], "type": "A", "port": 8000, "refresh_interval": "5s"}
    ]
    expected = {
        "api": "PROMETHEUS_KEY",
        "qdrant": "QDRANT_API_KEY",
        "litellm": "LITELLM_MASTER_KEY",
    }
    for job, name in expected.items():
        assert jobs[job]["authorization"] == {"credentials_file": f"/run/secrets/{name}/value"}
    assert set(of("prometheus").secrets) == set(expected.values())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "prometheus"', 'name = "somebody"', "no key for Prometheus"),
        ("[api.telemetry]", '[api.telemetry]\nmetrics = "off"', "off"),
    ],
)
def test_an_api_that_prometheus_cannot_read_is_refused(old: str, new: str, words: str) -> None:
    texts = template_texts("demo", "compose", "production", 8000)
    assert old in texts["llmops.toml"]
    config = parse(texts["llmops.toml"].replace(old, new), "llmops.toml")
    _config, target = project("production")
    with pytest.raises(ConfigError) as caught:
        services_of(config, target, texts.get)
    assert words in caught.value.message


def test_grafana_knows_the_data_source_that_its_panels_name() -> None:
    files = of("grafana").files
    [source] = yaml.safe_load(files["provisioning/datasources/prometheus.yml"])["datasources"]
    dashboard = json.loads(files["dashboards/llmops.json"])
    named = {target["datasource"]["uid"] for p in dashboard["panels"] for target in p["targets"]}
    assert named == {source["uid"]}
    [provider] = yaml.safe_load(files["provisioning/dashboards/llmops.yml"])["providers"]
    assert provider["options"]["path"] == "/etc/llmops/dashboards"


def test_panels_lie_beside_each_other() -> None:
    places = [panel["gridPos"] for panel in json.loads(dashboard_text())["panels"]]
    assert len({(place["x"], place["y"]) for place in places}) == len(places) == len(panels())
    assert all(place["x"] + place["w"] <= 24 for place in places)


@dataclass(frozen=True)
class Watched:
    """An API that Prometheus scrapes, and the upstream that its answers come from."""

    api: Served
    upstream: ScriptedUpstream
    prometheus: Prometheus

    def is_used(self) -> None:
        """Be asked for an answer after a retry, for a stream, and for what fails."""
        self.upstream.reset()
        self.upstream.plays(says(503), answers("hello"), streams_with_usage(), says(503), says(503))
        assert self.api.chat("hi").status_code == 200
        assert self.api.chat("hi", stream=True).status_code == 200
        assert self.api.chat("hi").status_code == 502
        assert self.api.get("/nowhere").status_code == 404

    def values(self, expression: str) -> list[float]:
        """Use the API, then ask for the numbers of an expression."""
        self.is_used()
        found = self.prometheus.query(expression.replace("$__rate_interval", "30s"))
        return [float(series["value"][1]) for series in found]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A real Prometheus with the profile's configuration, at a real API."""
    folder = tmp_path_factory.mktemp("monitoring")
    with scripted_upstream.running() as upstream:
        variables = {
            **in_front_of(upstream.base_url),
            "LLMOPS_PRICES": json.dumps([{"model": "m", "input": 2.5, "output": 10.0}]),
            "LLMOPS_RETRIES": "1",
            "LLMOPS_RETRY_SECONDS": "0.01",
            "LLMOPS_API_KEYS": json.dumps([{"name": "prometheus", "secret": "PROMETHEUS_KEY"}]),
            "PROMETHEUS_KEY": METRICS_KEY,
        }
        with served.running(folder / "api", variables) as api:
            text = of("prometheus").files["prometheus.yml"]
            file = configuration(text, folder, api.address, METRICS_KEY)
            with running(folder, file) as server:
                eventually(lambda: server.is_ready() and server.query('up{job="api"} == 1'))
                yield Watched(api, upstream, server)


@needs_prometheus
@pytest.mark.parametrize("title", [panel.title for panel in panels()])
def test_every_panel_has_numbers(watched: Watched, title: str) -> None:
    [panel] = [panel for panel in panels() if panel.title == title]
    for line in panel.lines:

        def are_numbers(expression: str = line.expression) -> bool:
            values = watched.values(expression)
            return bool(values) and all(map(math.isfinite, values))

        eventually(are_numbers)


@needs_prometheus
def test_the_share_of_failures_is_what_failed(watched: Watched) -> None:
    [panel] = [panel for panel in panels() if "5xx" in panel.title]
    eventually(lambda: 0.05 < watched.values(panel.lines[0].expression)[0] < 0.5)
