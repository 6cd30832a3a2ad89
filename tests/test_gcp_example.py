"""The example for Google Cloud is deployed to both of its targets, on the fake."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.fakes.gcp.cloud import GcpCloud
from tests.fakes.gcp.project import APP, GcpProject
from tests.project import API_KEY

EXAMPLE = Path(__file__).parents[1] / "examples/gcp-vertex-chat"
_PLACES = {"gcp": f'endpoint = "{APP}"\nmodel = "{APP}"\n', "run": f'service = "{APP}"\n'}
#: Its models are Google's own, which no test asks.
_MODELS = re.compile(r"^(model = [^\n]*|\[\[api\.upstreams]].*?(?=^\[api\.limits]))", re.M | re.S)


def made(text: str, project: GcpProject, target: str) -> str:
    """Fill in what `llmops infra apply` would, and leave out the models."""
    cloud, text = project.cloud, _MODELS.sub("", text)
    lines = (
        f'project = "{cloud.project}"\nbucket = "{cloud.storage.bucket}"\n'
        f'secret_prefix = "{APP}-"\n'
        f'service_account = "chat-run@{cloud.project}.iam.gserviceaccount.com"\n'
        f"operation_seconds = 20\nready_seconds = 15\ndrain_seconds = 5\n{_PLACES[target]}"
    )
    text = text.replace(f"[targets.{target}]\n", f"[targets.{target}]\n{lines}")
    text = text.replace("europe-west4", cloud.location).replace("warm_seconds", "# ")
    text = text.replace("[image]\n", f'[image]\nrepository = "{project.repository}"\n')
    text = text.replace("[checks]\n", "[checks]\nconfirmations = 3\n")
    return f"{text}\n{cloud.endpoints_toml(target)}"


@pytest.mark.parametrize("target", ["gcp", "run"])
def test_the_example_is_deployed_and_verified(gcp: GcpCloud, tmp_path: Path, target: str) -> None:
    root = tmp_path / EXAMPLE.name
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns(".llmops"))
    environment = {**os.environ, **gcp.environment()}
    project = GcpProject(root=root, port=0, environment=environment, cloud=gcp, kind=target)
    file = root / "llmops.toml"
    file.write_text(made(file.read_text(), project, target))
    gcp.secrets.put(f"{APP}-LLMOPS_API_KEY", API_KEY)
    project.git("init", "-q", "-b", "main")
    project.git("config", "user.name", "Tester")
    project.git("config", "user.email", "tester@example.invalid")
    release = project.commit("First")
    project.ok("deploy", "-t", target)
    there = gcp.vertex if target == "gcp" else gcp.run
    assert there.serving == release
