"""An account of a fake Google Cloud, in the process of the test."""

import tomllib
from collections.abc import Iterator

import pytest

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.config.gcp_run import CloudRunTarget
from tests.fakes.gcp.cloud import GcpCloud


@pytest.fixture
def account(gcp: GcpCloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """What a command has of a target there: nobody was asked anything yet."""
    for name, value in gcp.environment().items():
        monkeypatch.setenv(name, value)
    document = {
        "kind": "gcp-run",
        "project": gcp.project,
        "location": gcp.location,
        "bucket": gcp.storage.bucket,
        **tomllib.loads(gcp.endpoints_toml("x"))["targets"]["x"],
    }
    made = Account(CloudRunTarget.model_validate(document))
    yield made
    made.close()
