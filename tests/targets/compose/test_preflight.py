"""What would make a deploy to a stack fail is told before anything is built or started."""

import secrets
import socket

from tests.engines import BASE, needs_compose
from tests.targets.compose.stack_project import StackProject, docker

pytestmark = needs_compose


def test_a_port_that_a_program_has_is_told(project: StackProject) -> None:
    with socket.create_server(("127.0.0.1", project.port)):
        run = project.llmops("deploy")
    assert run.status == 4, run.said
    assert f"127.0.0.1:{project.port} cannot be listened on" in run.err
    assert project.containers() == []


def test_a_port_that_another_container_has_is_told_with_its_name(project: StackProject) -> None:
    name = f"llmops-test-{secrets.token_hex(4)}"
    published = f"127.0.0.1:{project.port}:80"
    docker("run", "--detach", "--name", name, "--publish", published, BASE, "sleep", "60")
    try:
        run = project.llmops("deploy")
    finally:
        docker("rm", "--force", name)
    assert run.status == 4, run.said
    assert f"is used by the container {name}" in run.err
    assert project.containers() == []


def test_a_certificate_without_a_name_to_fit_is_told(project: StackProject) -> None:
    text = (project.root / "llmops.toml").read_text()
    project.write("llmops.toml", f'{text}certificate_secret = "CERTIFICATE"\n')
    project.commit()
    project.ok("secrets", "set", "CERTIFICATE", input="a certificate and its key, of no use here")
    run = project.llmops("deploy")
    assert run.status == 4, run.said
    assert "public_url" in run.err
