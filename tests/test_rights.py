"""What the documents say that a deploy needs in a cloud is what the code asks for."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Services of AWS by the name of their client, with what their actions begin with in IAM.
SERVICES = {
    "application-autoscaling": "application-autoscaling",
    "cloudwatch": "cloudwatch",
    "ecr": "ecr",
    "ecs": "ecs",
    "elbv2": "elasticloadbalancing",
    "logs": "logs",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "sts": "sts",
}
#: Rights for what is asked without a call of ours: a push, roles and tags in other requests.
BESIDES = {
    "ecr:BatchCheckLayerAvailability",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
    "ecs:TagResource",
    "iam:PassRole",
    "s3:ListBucket",  # without it, S3 says 403 of an object that is not there
    "secretsmanager:TagResource",
}
#: In the documents, but not for the workflow: it removes no secret, and examines no bucket.
BY_HAND = {"secretsmanager:DeleteSecret", "s3:GetBucketVersioning", "sts:GetCallerIdentity"}
PLACES = ("clouds/aws", "targets/aws_ecs", "targets/shelved", "secret_stores")


def called() -> set[str]:
    """Return the actions of AWS that the code calls, read from its text."""
    loaders = pytest.importorskip("botocore.loaders")
    from botocore import xform_name

    files = [f for place in PLACES for f in (ROOT / "llmops_cli" / place).rglob("*.py")]
    text = "\n".join(file.read_text() for file in files if "aws" in str(file))
    text += (ROOT / "llmops_cli/secret_stores/secrets_manager.py").read_text()
    used = {*re.findall(r"\.([a-z][a-z_]+)\b", text), *re.findall(r'"([a-z][a-z_]+)"', text)}
    found = set()
    for client, prefix in SERVICES.items():
        operations = loaders.Loader().load_service_model(client, "service-2")["operations"]
        found |= {f"{prefix}:{name}" for name in operations if xform_name(name) in used}
    # Its method has the same name in many services.
    return {action for action in found if not action.endswith(":TagResource")}


def documented() -> set[str]:
    text = (ROOT / "docs/aws.md").read_text()
    [policy] = re.findall(r"<!-- rights[^\n]*-->\n```json\n(.*?)```", text, re.DOTALL)
    [statement] = json.loads(policy)["Statement"]
    return set(statement["Action"])


def test_the_policy_of_the_documents_has_what_is_called() -> None:
    assert called() - documented() == set()
    assert documented() >= BESIDES


def test_the_role_of_the_workflow_has_what_is_called() -> None:
    text = (ROOT / "templates/infra/aws/github.tf").read_text()
    given = set(re.findall(r'"([a-z0-9-]+:[A-Z][A-Za-z]+)"', text))
    assert (called() | BESIDES) - BY_HAND - given == set()


def test_the_roles_of_the_documents_are_those_that_errors_advise() -> None:
    text = (ROOT / "docs/gcp.md").read_text()
    [table] = re.findall(r"<!-- roles[^\n]*-->\n(.*?)\n\n", text, re.DOTALL)
    advised = (ROOT / "llmops_cli/clouds/gcp/roles.py").read_text()
    pattern = r"roles/[a-zA-Z.]+[a-zA-Z]"
    assert set(re.findall(pattern, advised)) == set(re.findall(pattern, table))
