"""The gateway with a certificate that is kept as a secret."""

import ssl
from pathlib import Path

import httpx2
import pytest

from tests.checks.certificates import make_authority
from tests.engines import needs_compose
from tests.targets.compose.stack_project import docker, stack_project

pytestmark = [needs_compose, pytest.mark.timeout(300)]


def test_the_gateway_speaks_https_with_the_certificate_that_is_a_secret(tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    authority.serve(20)
    pem = (tmp_path / "20-IP-127.0.0.1.pem").read_text()
    key = (tmp_path / "20-IP-127.0.0.1.key").read_text()
    with stack_project(tmp_path / "chat", target='certificate_secret = "CERTIFICATE"') as project:
        assert "secrets set CERTIFICATE" in project.llmops("deploy").said
        project.ok("secrets", "set", "CERTIFICATE", input=pem + key)
        missing = project.llmops("deploy")
        assert missing.status == 4
        assert "public_url" in missing.said
        text = (project.root / "llmops.toml").read_text()
        url = f"https://127.0.0.1:{project.port}"
        project.write("llmops.toml", f'{text}public_url = "{url}"\n')
        release = project.commit("With a certificate")
        project.environment = {"SSL_CERT_FILE": str(authority.file)}
        project.ok("deploy")
        context = ssl.create_default_context(cafile=str(authority.file))
        answer = httpx2.get(f"{url}/version", verify=context, timeout=10)
        assert answer.json()["release"] == release
        assert key not in docker("inspect", *(c["Id"] for c in project.containers()))
