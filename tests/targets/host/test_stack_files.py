"""What runs behind the API of a host, as it is rendered: on 127.0.0.1, and without secrets."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from llmops_cli.core.plan import Plan
from llmops_cli.errors import ConfigError
from tests.engines import has_plugin
from tests.targets.host.behind import KEY, host_stack

GPU = 'profile = "gpu-stack"\nvllm = { model = "Qwen/Qwen3-8B" }'
PRODUCTION = 'profile = "production"\nlitellm_port = 4100'
METRICS = '[api.telemetry]\nmetrics = "open"'
EVERY = pytest.mark.parametrize("stack", [GPU, PRODUCTION, 'profile = "router"'])


def rendered(folder: Path, stack: str) -> tuple[str, dict[str, Any]]:
    documents = host_stack(folder, stack, top=METRICS).documents()
    return "".join(documents.values()), yaml.safe_load(documents["stack/compose.yaml"])


@EVERY
def test_compose_accepts_it_as_it_is(stack: str, tmp_path: Path) -> None:
    if not has_plugin("compose"):
        pytest.skip("needs docker compose")
    text = host_stack(tmp_path, stack, top=METRICS).documents()["stack/compose.yaml"]
    asked = ["docker", "compose", "--file", "-", "config", "--quiet"]
    told = subprocess.run(asked, input=text, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")


@EVERY
def test_nothing_is_published_but_on_the_machine_itself(stack: str, tmp_path: Path) -> None:
    _text, document = rendered(tmp_path, stack)
    for service in document["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        assert service.get("network_mode") is None
    # What the models answer goes through LiteLLM, which asks for a key and counts.
    assert "ports" not in document["services"].get("vllm", {})
    assert "ports" not in document["services"].get("tei", {})
    assert "gateway" not in document["services"]


@EVERY
def test_no_secret_is_in_what_is_rendered(stack: str, tmp_path: Path) -> None:
    assert KEY not in rendered(tmp_path, stack)[0]


def test_the_api_finds_each_service_where_it_is_published(tmp_path: Path) -> None:
    made = host_stack(
        tmp_path, f"{PRODUCTION}\nqdrant_port = 6400\nmlflow_port = 5100", top=METRICS
    )
    services = yaml.safe_load(made.documents()["stack/compose.yaml"])["services"]
    assert services["litellm"]["ports"] == ["127.0.0.1:4100:4000"]
    assert services["qdrant"]["ports"] == ["127.0.0.1:6400:6333"]
    assert services["mlflow"]["ports"] == ["127.0.0.1:5100:5000"]
    settings = made.settings()
    assert settings["QDRANT_URL"] == "http://127.0.0.1:6400"
    assert settings["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:5100"


def test_models_get_the_gpus_and_wait_as_they_do_in_the_compose_target(tmp_path: Path) -> None:
    _text, document = rendered(tmp_path, GPU)
    vllm = document["services"]["vllm"]
    [device] = vllm["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["count"]) == ("nvidia", "all")
    assert vllm["healthcheck"]["start_period"] == "2700s"
    assert "reservations" not in document["services"]["tei"]["deploy"]["resources"]


def test_prometheus_asks_the_api_through_nginx_of_its_own_machine(tmp_path: Path) -> None:
    text = host_stack(tmp_path, PRODUCTION, top=METRICS, target="port = 8443").documents()
    found = yaml.safe_load(text["stack/prometheus/prometheus.yml"])["scrape_configs"]
    jobs = {job["job_name"]: job for job in found}
    assert jobs["api"]["static_configs"] == [{"targets": ["api.example.com:8443"]}]
    assert jobs["api"]["scheme"] == "https"
    assert "gateway" not in jobs
    prometheus = yaml.safe_load(text["stack/compose.yaml"])["services"]["prometheus"]
    assert prometheus["extra_hosts"] == ["api.example.com:host-gateway"]


def test_the_api_gets_no_secret_of_a_service_that_it_does_not_ask(tmp_path: Path) -> None:
    assert set(host_stack(tmp_path, PRODUCTION, top=METRICS).api_secrets()) == {
        "LLMOPS_API_KEY",
        "LITELLM_MASTER_KEY",
        "QDRANT_API_KEY",
        "VLLM_API_KEY",
    }
    assert "VLLM_API_KEY" not in host_stack(tmp_path, GPU).api_secrets()


def test_a_target_without_a_stack_has_nothing_to_do_and_asks_no_engine(tmp_path: Path) -> None:
    made = host_stack(tmp_path, "", target='certificate_secret = "VLLM_API_KEY"')
    for plan in (made.stage(), made.start(), made.stop(30)):
        assert plan == Plan()
    assert (made.is_there, made.settings(), made.running(), made.documents()) == (False, {}, {}, {})
    assert made.api_secrets() == (
        *("LLMOPS_API_KEY", "LITELLM_MASTER_KEY", "QDRANT_API_KEY", "GRAFANA_ADMIN_PASSWORD"),
    )


def test_an_image_of_a_service_that_does_not_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        host_stack(tmp_path, 'profile = "router"\nimages = { gateway = "haproxy:3" }').settings()
    assert json.dumps("router") in raised.value.evidence
