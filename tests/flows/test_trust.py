"""What a target vouches for is trusted wherever its public address is asked, and nowhere else."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import read_release
from llmops_cli.core.release import Release, State
from llmops_cli.core.target import Event, Vouching, trusted_for
from llmops_cli.errors import DeployError
from llmops_cli.flows.confirm import confirm
from llmops_cli.flows.smoke_test import smoke_test
from llmops_cli.flows.status import status
from tests.checks.asking import subject
from tests.checks.certificates import make_authority
from tests.checks.faulty_servers import RELEASE, serving
from tests.checks.good_api import GoodApi

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")


class Plain:
    """What `status` asks of a target."""

    def __init__(self, address: str) -> None:
        self.address = address

    def inspect(self) -> State:
        live = Release(RELEASE, RELEASE, RELEASE, datetime.now(UTC), "")
        return State(self.address, live, live)

    def history(self, limit: int) -> Sequence[Event]:
        return ()


class Vouched(Plain):
    """A target whose certificate no authority here knows."""

    def __init__(self, address: str, pem: str) -> None:
        super().__init__(address)
        self.pem = pem

    def certificates(self) -> str:
        return self.pem


def test_a_target_that_vouches_is_asked_with_its_certificates_and_another_is_not(
    tmp_path: Path,
) -> None:
    authority = make_authority(tmp_path)
    with serving(GoodApi(), authority.serve(90)) as server:
        vouched = Vouched(server.url, authority.file.read_text())
        assert isinstance(vouched, Vouching)
        assert status(vouched).answers == RELEASE
        assert status(Plain(server.url)).answers is None
        confirm(server.url, RELEASE, 2, seconds=5, trusted=trusted_for(vouched))
        with pytest.raises(DeployError):
            confirm(server.url, RELEASE, 2, seconds=0, trusted=trusted_for(Plain(server.url)))
        report = smoke_test(subject(server.url, trusted=trusted_for(vouched)))
        with open_client(server.url) as client:
            assert read_release(client) is None
    assert report.ok
    assert report.release == RELEASE
