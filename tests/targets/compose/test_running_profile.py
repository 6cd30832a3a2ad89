"""The services of the profile `production` run as they are rendered, in real containers."""

import json
import secrets
from collections.abc import Iterator

import pytest

from tests.engines import needs_compose
from tests.project import free_port
from tests.targets.compose.running_stack import RunningStack, production
from tests.waiting import eventually

pytestmark = [needs_compose, pytest.mark.timeout(300)]

SERVICES = ("tei", "litellm", "qdrant", "mlflow", "prometheus", "grafana")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Every service, healthy: `up --wait` has waited for it."""
    name = f"llmops-test-{secrets.token_hex(4)}"
    made = production(name, tmp_path_factory.mktemp("images"), (free_port(), free_port()))
    try:
        made.up()
        yield made
    finally:
        made.remove()


@pytest.mark.parametrize("service", SERVICES)
def test_its_health_is_what_the_container_says(stack: RunningStack, service: str) -> None:
    found = stack.inspected(service)
    assert found["State"]["Health"]["Status"] == "healthy"
    assert found["HostConfig"]["ReadonlyRootfs"]
    assert stack.health(service) == 0
    if service == "prometheus":
        return
    stack.run(service, "touch", "/tmp/sick")
    assert stack.health(service) != 0
    stack.run(service, "rm", "/tmp/sick")


def test_no_value_of_a_secret_is_to_be_seen_from_outside(stack: RunningStack) -> None:
    seen = stack.text + "".join(json.dumps(stack.inspected(service)) for service in SERVICES)
    for name, value in stack.secrets.items():
        assert value not in seen, name


def test_a_container_has_the_secrets_that_it_needs_and_no_other(stack: RunningStack) -> None:
    assert stack.run("qdrant", "ls", "/run/secrets").split() == ["QDRANT_API_KEY"]
    assert stack.run("grafana", "ls", "/run/secrets").split() == ["GRAFANA_ADMIN_PASSWORD"]
    assert "OPENAI_API_KEY" in stack.run("litellm", "ls", "/run/secrets")


def test_prometheus_reads_the_api_by_its_name_and_each_service_with_its_key(
    stack: RunningStack,
) -> None:
    def up() -> set[str]:
        asked = ("promtool", "query", "instant", "http://127.0.0.1:9090", "up == 1")
        told = stack.run("prometheus", *asked)
        return {job for job in ("api", "qdrant", "litellm") if f'job="{job}"' in told}

    eventually(lambda: up() == {"api", "qdrant", "litellm"})


def test_pages_are_published_on_the_machine_itself_only(stack: RunningStack) -> None:
    published = set()
    for service in SERVICES:
        ports = stack.inspected(service)["NetworkSettings"]["Ports"]
        published |= {(service, host["HostIp"]) for hosts in ports.values() for host in hosts or ()}
    assert published == {("mlflow", "127.0.0.1"), ("grafana", "127.0.0.1")}


def test_what_is_kept_survives_the_container(stack: RunningStack) -> None:
    stack.run("qdrant", "sh", "-c", "echo kept > /qdrant/storage/probe")
    stack.compose("up", "--detach", "--force-recreate", "--no-deps", "qdrant")
    assert stack.run("qdrant", "cat", "/qdrant/storage/probe") == "kept\n"
