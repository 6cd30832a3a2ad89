"""An engine behind SSH is deployed to as one on this machine is."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from llmops_cli.catalog.targets import make_target
from llmops_cli.config.load import load
from llmops_cli.core.release import Release
from tests.engines import needs_compose
from tests.ssh_server import needs_ssh, ssh_server
from tests.targets.compose.stack_project import stack_project

pytestmark = [needs_compose, needs_ssh, pytest.mark.timeout(300)]


def test_an_engine_behind_ssh_is_deployed_to(tmp_path: Path) -> None:
    with ssh_server(tmp_path) as (port, environment):
        with stack_project(tmp_path / "chat") as project:
            project.environment = {**environment, "DOCKER_HOST": f"ssh://root@127.0.0.1:{port}"}
            release = project.commit("From another machine")
            deploying = project.popen("deploy")
            said = deploying.communicate(timeout=280)
            assert deploying.returncode == 0, said[1]
            assert project.serving() == release
            assert project.containers("lock") == []
        log = (tmp_path / "ssh" / "log").read_text()
    assert "Accepted publickey for root" in log


def test_an_engine_elsewhere_wants_an_address_for_its_gateway(tmp_path: Path) -> None:
    (tmp_path / "llmops.toml").write_text(
        'name = "chat"\n[targets.compose]\ndocker_host = "ssh://deploy@server.example.com"\n'
    )
    target = make_target(load(tmp_path), "compose", tmp_path)
    release = Release("0123456789ab", "0" * 40, "1" * 40, datetime.now(UTC), "First")
    [problem] = target.preflight(release)
    assert "another machine" in problem.what
    assert "public_url" in problem.fix
