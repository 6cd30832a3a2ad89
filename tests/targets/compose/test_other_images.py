"""Images that are not ours: as a release, whose name the gateway tells, and beside the API."""

from pathlib import Path

import httpx2
import pytest

from tests.engines import needs_compose
from tests.targets.compose.foreign_image import KEY, foreign_image
from tests.targets.compose.stack_project import StackProject, stack_project

pytestmark = [needs_compose, pytest.mark.timeout(300)]
MASTER_KEY = "master-key-0123456789abcdef"
LITELLM = """\
model_list:
  - model_name: demo
    litellm_params: {model: openai/demo, api_key: os.environ/PROVIDER_KEY}
"""


def test_a_server_that_names_no_release_is_verified_and_named_by_the_gateway(
    tmp_path: Path,
) -> None:
    with foreign_image() as image:
        lines = f'[image]\nreference = "{image}"\nport = 9000\n'
        with stack_project(tmp_path / "chat", top=lines, target="drain_seconds = 1") as project:
            project.ok("secrets", "set", "LLMOPS_API_KEY", input=KEY)
            first = project.commit("Again")
            project.ok("deploy")
            assert named(project) == first
            second = project.commit("Another")
            project.ok("deploy")
            assert named(project) == second
            project.ok("rollback")
            assert named(project) == first


def test_what_runs_beside_the_api_is_touched_by_no_deploy(tmp_path: Path) -> None:
    with foreign_image() as image:
        target = f'profile = "router"\nimages = {{ litellm = "{image}" }}'
        upstream = (
            '[[api.upstreams]]\nname = "litellm"\nbase_url = "http://litellm:4000/v1"\n'
            'secret = "LITELLM_MASTER_KEY"\nmodels = ["demo"]\n'
            '[secrets]\nrequired = ["LITELLM_MASTER_KEY", "PROVIDER_KEY"]\n'
        )
        with stack_project(tmp_path / "chat", top=upstream, target=target) as project:
            text = (project.root / "llmops.toml").read_text()
            text = text.replace("[checks]", "[checks]\nrecall = false")
            project.write("llmops.toml", text)
            project.write("litellm.yaml", LITELLM)
            project.commit("With LiteLLM")
            project.ok("secrets", "set", "LITELLM_MASTER_KEY", input=MASTER_KEY)
            project.ok("secrets", "set", "PROVIDER_KEY", input="provider-key-0123456789")
            project.ok("deploy")
            [litellm] = project.containers("service")
            project.change("Another prompt.")
            project.ok("deploy")
            [same] = project.containers("service")
            assert same["Id"] == litellm["Id"]
            assert same["State"]["StartedAt"] == litellm["State"]["StartedAt"]
            live = project.container(project.serving())
            mounted = {mount["Destination"] for mount in live["Mounts"]}
            assert "/run/secrets/LITELLM_MASTER_KEY" in mounted
            # The key of a provider is LiteLLM's alone.
            assert "/run/secrets/PROVIDER_KEY" not in mounted
            assert fact(project, "litellm") == "healthy"
            change_of_litellm_is_applied_by_start_alone(project, litellm["Id"])


def change_of_litellm_is_applied_by_start_alone(project: StackProject, before: str) -> None:
    release, gateway = project.serving(), project.gateway()
    live = project.container(release)
    project.write("litellm.yaml", LITELLM.replace("openai/demo", "openai/another"))
    project.commit("Another model behind the name")
    assert "changed since: llmops start" in fact(project, "litellm")
    project.ok("start")
    [renewed] = project.containers("service")
    assert renewed["Id"] != before
    assert fact(project, "litellm") == "healthy"
    assert (project.serving(), project.gateway()) == (release, gateway)
    assert project.container(release)["State"]["StartedAt"] == live["State"]["StartedAt"]


def fact(project: StackProject, service: str) -> str:
    return project.ok("status", "--json").document["facts"][service]


def named(project: StackProject) -> str:
    answer = httpx2.get(f"{project.url}/version", timeout=10)
    assert answer.status_code == 404
    return answer.headers["x-release"]
