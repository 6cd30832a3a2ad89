"""LiteLLM as the release on ECS: the example is deployed, with its own key, probe and file."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.fakes.aws.cloud import BUCKET, AwsCloud
from tests.fakes.aws.identity import ACCOUNT, REGION
from tests.fakes.aws.project import APP, AwsProject
from tests.images.scan.planted import drawn

EXAMPLE = Path(__file__).parents[3] / "examples/aws-ecs-litellm"
KEY = "LITELLM_MASTER_KEY"
NAMES = ("AZURE_API_BASE", "AZURE_API_KEY", "DATABASE_URL", "LITELLM_SALT_KEY", "REDIS_URL")


@pytest.fixture
def proxy(aws: AwsCloud, tmp_path: Path) -> AwsProject:
    """The example after `llmops infra apply`; what stands in for LiteLLM has its key."""
    root = tmp_path / EXAMPLE.name
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".llmops"))
    made = (
        f'[targets.aws]\naccount = "{ACCOUNT}"\nbucket = "{BUCKET}"\ncluster = "{APP}"\n'
        f'service = "{APP}"\nexecution_role = "arn:aws:iam::{ACCOUNT}:role/demo-execution"\n'
        f'public_url = "{aws.ecs.public_url}"\ntest_url = "{aws.ecs.test_url}"\n'
        'operation_seconds = 20\nready_seconds = 15\nsecret_prefix = "demo/"\n'
        f'log_group = "/ecs/{APP}"\n'
    )
    text = (root / "llmops.toml").read_text()
    text = text.replace("[targets.aws]\n", made).replace("ap-northeast-1", REGION)
    text = text.replace("bake_seconds = 60", "").replace("port = 4000", "port = 8000")
    text = text.replace("[image]\n", f'[image]\nrepository = "{aws.ecr.host}/{APP}"\n')
    # What stands in for it is our API, whose model is another.
    text = text.replace('model = "gpt-4o"', "").replace(
        "[checks]\n", "[checks]\nconfirmations = 3\n"
    )
    (root / "llmops.toml").write_text(text)
    aws.make_bucket()
    aws.balancer.health_path = "/health/readiness"
    aws.scaling.seed()
    key = drawn(40)
    for name in (KEY, *NAMES):
        aws.secrets.put(f"demo/{name}", key if name == KEY else drawn(40))
    aws.containers.script(APP, environment={"LLMOPS_API_KEY": key})
    environment = {**os.environ, **aws.environment()}
    project = AwsProject(root=root, port=0, environment=environment, cloud=aws)
    project.git("init", "-q", "-b", "main")
    project.git("config", "user.name", "Tester")
    project.git("config", "user.email", "tester@example.invalid")
    project.commit("First")
    return project


def test_the_proxy_is_deployed_verified_with_its_master_key_and_probed_without_any(
    proxy: AwsProject, aws: AwsCloud
) -> None:
    release = proxy.git("rev-parse", "HEAD")[:12]
    run = proxy.ok("deploy", "-t", "aws")
    assert aws.ecs.serving == release
    assert KEY not in run.said
    documents = proxy.ok("render", "-t", "aws", "--json").document["files"]
    task = json.loads(documents["task-definition.json"])
    [container] = task["containerDefinitions"]
    assert {one["name"] for one in container["secrets"]} == {KEY, *NAMES}
    assert all(f":secret:demo/{one['name']}" in one["valueFrom"] for one in container["secrets"])
    assert (task["cpu"], task["memory"]) == ("1024", "2048")
    # Nothing of our API is told to LiteLLM, and nothing calls a model to see whether it lives.
    names = {one["name"] for one in container["environment"]}
    assert "LLMOPS_RELEASE" in names
    assert not names & {"LLMOPS_MODEL", "LLMOPS_AUTH"}
    assert container["healthCheck"]["command"][1] == "python3"
    assert "/health/liveliness" in container["healthCheck"]["command"][3]
    assert container["readonlyRootFilesystem"] is True


def test_a_file_that_could_not_work_is_refused_before_anything_is_changed(
    proxy: AwsProject, aws: AwsCloud
) -> None:
    text = (proxy.root / "litellm.yaml").read_text()
    proxy.write("litellm.yaml", text.replace("os.environ/AZURE_API_KEY", "os.environ/OTHER"))
    proxy.commit("Name another key")
    with aws.counting() as counted:
        run = proxy.llmops("deploy", "-t", "aws")
    assert run.status == 3, run.said
    assert "names OTHER, which `required` in [secrets] does not list" in run.err
    assert not [name for name in counted if "Register" in name or "Update" in name]
