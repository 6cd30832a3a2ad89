"""`llmops push` to ECR, with a real engine: tags that do not move, and digests that are pinned."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.engines import needs_engine
from tests.fakes.aws.cloud import AwsCloud
from tests.fakes.aws.fixtures import MakeAwsProject
from tests.fakes.aws.project import APP, AwsProject

pytestmark = needs_engine
#: No base image, so that it is made in a second.
DOCKERFILE = "FROM scratch\nCOPY prompts /prompts\n"


@pytest.fixture
def project(aws: AwsCloud, aws_project: MakeAwsProject) -> Iterator[AwsProject]:
    """A project whose images are in no registry yet; its repository is as Terraform makes it."""
    made = aws_project()
    file = (made.root / "llmops.toml").read_text()
    made.write("llmops.toml", file.replace("[image]\n", '[image]\ndockerfile = "Dockerfile"\n'))
    made.write("Dockerfile", DOCKERFILE)
    made.write("prompts/system.md", f"You are at {aws.ecr.host}.\n")
    made.commit("Build")
    aws.ecr.renew()
    aws.ecr.make(APP)
    yield made
    images = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]
    listed = subprocess.run(images, capture_output=True, text=True, check=True).stdout
    mine = [line for line in listed.splitlines() if aws.ecr.host in line]
    subprocess.run(["docker", "rmi", "-f", *mine], capture_output=True, check=False)


def test_a_commit_goes_to_ecr_once_and_its_tag_does_not_move(
    aws: AwsCloud, project: AwsProject
) -> None:
    release = project.git("rev-parse", "HEAD")[:12]
    first = project.ok("push", "-t", "aws", "--json").document
    digest = aws.ecr.contents.digest(APP, release)
    assert digest is not None
    assert digest in json.dumps(first), first
    # What Docker has pushed is whole: a config and its layers, each with the digest it says.
    manifest = json.loads(aws.ecr.contents.manifests[APP, digest][0])
    parts = [manifest["config"], *manifest["layers"]]
    assert {part["digest"] for part in parts} <= set(aws.ecr.contents.blobs)

    since = len(aws.ecr.requests)
    again = project.ok("push", "-t", "aws", "--json").document
    assert digest in json.dumps(again), again
    assert {method for method, _path in aws.ecr.requests[since:]} <= {"GET", "HEAD"}

    # Somebody else's image has the tag of the next commit: it is neither moved nor taken for ours.
    project.write("prompts/system.md", "Next.\n")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "Next")
    taken = aws.ecr.put_image(APP, project.git("rev-parse", "HEAD")[:12], {"other": "one"})
    refused = project.llmops("push", "-t", "aws", "--json")
    assert refused.status == 7, refused.said
    assert "is taken" in refused.said
    assert aws.ecr.contents.digest(APP, project.git("rev-parse", "HEAD")[:12]) == taken
    assert not any("latest" in path for _method, path in aws.ecr.requests)


def test_docker_itself_can_push_to_the_fake_and_not_move_a_tag(
    aws: AwsCloud, project: AwsProject
) -> None:
    project.ok("push", "-t", "aws")
    image = f"{aws.ecr.host}/{APP}:{project.git('rev-parse', 'HEAD')[:12]}"
    other = ["docker", "import", "-", image]
    subprocess.run(other, input=b"\0" * 10240, capture_output=True, check=True)
    token = aws.ecr.handlers()["GetAuthorizationToken"]({})["authorizationData"][0]
    config = project.root.parent / "docker"
    config.mkdir()
    auths = {"auths": {aws.ecr.host: {"auth": token["authorizationToken"]}}}
    (config / "config.json").write_text(json.dumps(auths))
    pushed = subprocess.run(
        ["docker", "--config", config, "push", image], capture_output=True, text=True, check=False
    )
    assert pushed.returncode != 0
    assert "cannot be overwritten because the repository is immutable" in pushed.stderr
