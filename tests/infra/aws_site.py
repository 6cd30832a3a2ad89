"""A project on AWS that the real provider makes at moto, which stands in for AWS."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from llmops_cli.config.load import load
from llmops_cli.flows.infra_files import files_for
from tests.commands import Run
from tests.infra.moto_completed import serving_moto
from tests.project import LLMOPS, Project

_SECONDS = 600
_FORGOTTEN = (
    "availability_zone_rebalancing",
    "enable_ecs_managed_tags",
    "health_check_grace_period_seconds",
)
#: What the provider and moto both know. The budget is not among it, nor are RDS and ElastiCache,
#: for which the provider waits minutes whatever is said: the schema judges those.
PROJECT = """\
# What we serve.
name = "chat"

[targets.aws]                       # in Ireland
region = "eu-west-1"
account = "123456789012"

[targets.aws.infra]
domain = "chat.example.com"
zone = "example.com"
make_zone = true
test_networks = ["203.0.113.0/24"]
deletion_protection = false
repository = "acme/chat"
owner_id = 4711
repository_id = 815
alert_email = "operators@example.com"
"""


@dataclass(frozen=True)
class AwsSite:
    """A project, and where moto answers."""

    project: Project
    url: str

    @property
    def folder(self) -> Path:
        """Where the infrastructure is described."""
        return self.project.root / "infra" / "aws"

    def llmops(self, *arguments: str) -> Run:
        """Run a command to its end; the real provider takes its time."""
        done = subprocess.run(
            [*LLMOPS, "-C", str(self.project.root), *arguments],
            env=self.project.variables(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)


@contextmanager
def made_aws_site(root: Path, plugins: Path, text: str = PROJECT) -> Iterator[AwsSite]:
    """Make a project on an AWS in which there is nothing yet."""
    with serving_moto() as url:
        project = Project(root / "chat", 0)
        project.environment |= _environment(url, plugins)
        project.root.mkdir()
        project.write("llmops.toml", text)
        for path, content in files_for(load(project.root), "aws").items():
            project.write(path, as_moto_takes_it(content) if path.endswith(".tf") else content)
        yield AwsSite(project, url)


def as_moto_takes_it(text: str) -> str:
    """Return a file as version 5.100 of the provider and moto take it.

    That version does not know ECS's own blue/green. And moto obeys a policy of a bucket without its
    conditions, so that one which asks for TLS would refuse all that there is. The provider waits a
    minute for each rule of what a bucket forgets. Moto knows no folder of a bucket for logs.
    """
    text = text.replace('.arn}/network"', '.arn}"')
    # Moto forgets these settings of a service, and what such a rule is for.
    for key in _FORGOTTEN:
        text = re.sub(rf"\n  {key} += .*", "", text)
    text = re.sub(r" +description +=.*\n(.*\n +referenced_security_group_id)", r"\1", text)
    forgetting = r'\nresource "aws_s3_bucket_lifecycle_configuration" "\w+" \{\n(?:.*\n)*?\}\n'
    text = re.sub(forgetting, "", text)
    text = text.replace('actions   = ["s3:*"]', 'actions   = ["s3:PutBucketLogging"]')
    text = text.replace('">= 6.4, < 7"', '">= 5.100, < 7"')
    # Moto forgets the one, and the provider's older version has no other.
    forgotten = "      availability_zone_rebalancing,\n"
    text = text.replace("      deployment_configuration,\n", forgotten)
    for block in (r'dynamic "advanced_configuration"', "deployment_configuration"):
        text = re.sub(rf"\n( *){block} \{{\n(?:.*\n)*?\1\}}\n", "\n", text)
    return text


def _environment(url: str, plugins: Path) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "a-secret-key-that-nobody-may-see",
        "AWS_EC2_METADATA_DISABLED": "true",
        "TF_CLI_ARGS_init": f"-plugin-dir={plugins}",
        "TF_CLI_CONFIG_FILE": os.devnull,
    }
