"""Writes what each kind describes, everything switched on, for linters: `python -m … FOLDER`."""

import sys
from pathlib import Path

from llmops_cli.config.load import parse
from llmops_cli.flows.infra_files import files_for
from tests.infra.gcp_site import ALL as ALL_OF_GCP
from tests.infra.gcp_site import PROJECT
from tests.infra.site import ALL

_PROJECT = """
name = "chat"
[targets.azure]
[targets.azure.infra]
location = "westeurope"
{azure}
[targets.azure-containerapp]
[targets.azure-containerapp.infra]
location = "westeurope"
{apps}
[targets.azure-containerapp.infra.weaviate]
[targets.aws]
region = "eu-west-1"
[targets.aws.infra]
{aws}
[targets.gcp]
project = "{project}"
location = "europe-west4"
[targets.gcp.infra]
{gcp}
[targets.gcp-run]
project = "{project}"
location = "europe-west4"
[targets.gcp-run.infra]
{gcp}
"""

#: Everything that can be switched on for a target on AWS.
ALL_OF_AWS = """\
domain = "chat.example.com"
zone = "example.com"
make_zone = true
test_networks = ["203.0.113.0/24"]
private_endpoints = true
repository = "acme/chat"
owner_id = 4711
repository_id = 815
alert_email = "operators@example.com"
monthly_budget = 100
[targets.aws.infra.postgres]
[targets.aws.infra.redis]
"""


def write(folder: Path) -> None:
    """Write the files of every kind below a folder."""
    everything = ALL.format(target="azure"), ALL.format(target="azure-containerapp")
    azure, apps = everything
    text = _PROJECT.format(azure=azure, apps=apps, aws=ALL_OF_AWS, gcp=ALL_OF_GCP, project=PROJECT)
    config = parse(text, "llmops.toml")
    for target in config.targets:
        for path, content in files_for(config, target).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
