"""Which way is taken to prove to Azure who we are, that it works, and why not the others."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from llmops_cli.clouds.azure.account import Account
from llmops_cli.clouds.azure.cloud import cloud_of
from llmops_cli.config.azure import Endpoints
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.errors import AccessError, LlmopsError
from tests.clouds.azure.identity_server import GITHUB_BEARER, GITHUB_TOKEN, IdentityServer
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.entra import CLIENT, TENANT
from tests.project import Project

ARM = "https://management.azure.com"
SECRET = "AZURE_CLIENT_SECRET"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with nothing that proves anything; its metadata address answers nobody."""
    for name in list(os.environ):
        if name.startswith(("AZURE_", "ACTIONS_", "GITHUB_", "IDENTITY_", "MSI_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1")
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(tmp_path / "azure"))


@pytest.fixture
def identities(azure: AzureCloud) -> Iterator[IdentityServer]:
    server = IdentityServer(azure.entra)
    yield server
    server.close()


@pytest.fixture
def trusted(azure: AzureCloud, monkeypatch: pytest.MonkeyPatch) -> AzureCloud:
    for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, str(azure.ca_file))
    return azure


def account(cloud: AzureCloud, **settings: object) -> Account:
    endpoints = Endpoints(authority=cloud.url, resource_manager=cloud.url)
    return Account(AzureWebappTarget.model_validate({"endpoints": endpoints, **settings}))


def application(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)


def works(cloud: AzureCloud, found: Account) -> bool:
    """Whether the account is given a token for Resource Manager."""
    token = found.chosen.credential.get_token(f"{ARM}/.default").token
    shown = {"Authorization": f"Bearer {token}"}
    return cloud.entra.trouble_with(shown, ARM) is None


def install_az(folder: Path, cloud: AzureCloud, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program az on the path, with somebody logged in; return the notes of its calls."""
    notes = folder / "az-notes"
    (folder / "bin").mkdir()
    given = {"accessToken": cloud.entra.token(ARM), "expires_on": 4102444800, "tenant": TENANT}
    program = folder / "bin" / "az"
    program.write_text(f"#!/bin/sh\necho \"$*\" >>{notes}\ncat <<'E'\n{json.dumps(given)}\nE\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    (folder / "azure").mkdir()
    people = [{"user": {"name": "other@example.com"}}, {"user": {"name": "ann@example.com"}}]
    people[1] |= {"isDefault": True}  # type: ignore[dict-item]
    profile = json.dumps({"subscriptions": people})
    (folder / "azure" / "azureProfile.json").write_text(profile, encoding="utf-8-sig")
    return notes


def test_a_workload_identity_is_taken_from_its_file(
    trusted: AzureCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    application(monkeypatch)
    (tmp_path / "token").write_text("a.federated.token")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    trusted.entra.assertions = {"a.federated.token"}
    found = account(trusted)
    assert found.chosen.origin == f"the workload identity of the application {CLIENT}"
    assert works(trusted, found)


def github(monkeypatch: pytest.MonkeyPatch, identities: IdentityServer) -> None:
    application(monkeypatch)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{identities.url}/github?api-version=2.0")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", GITHUB_BEARER)


def test_a_job_of_github_needs_no_action_to_log_in(
    trusted: AzureCloud, identities: IdentityServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    github(monkeypatch, identities)
    trusted.entra.assertions = {GITHUB_TOKEN}
    found = account(trusted)
    assert found.chosen.origin == f"GitHub's token for the application {CLIENT}"
    identities.failures = [503]
    assert works(trusted, found)
    assert works(trusted, found)
    asked = {"path": "/github", "api-version": "2.0", "audience": "api://AzureADTokenExchange"}
    assert identities.asked == [asked, asked]


def test_what_github_refuses_is_told_without_what_it_said(
    trusted: AzureCloud, identities: IdentityServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    github(monkeypatch, identities)
    identities.failures = [403]
    with pytest.raises(AccessError, match="GitHub gives no token") as raised:
        works(trusted, account(trusted))
    assert "answered 403" in raised.value.evidence
    assert GITHUB_TOKEN not in str(raised.value.as_dict())
    assert "id-token: write" in raised.value.next_step
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "http://github.example.com/token")
    with pytest.raises(AccessError) as raised:
        works(trusted, account(trusted))
    assert "which is not safe" in raised.value.evidence


def test_a_federated_credential_that_is_missing_at_entra_is_told(
    trusted: AzureCloud, identities: IdentityServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    github(monkeypatch, identities)
    trusted.entra.assertions = {"another.jobs.token"}
    with pytest.raises(AccessError, match="no token to GitHub's token for the app") as raised:
        works(trusted, account(trusted))
    assert "No federated identity record" in raised.value.evidence
    assert "federated credential for this repository" in raised.value.next_step


def test_a_client_secret_is_taken_from_the_environment(
    trusted: AzureCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    application(monkeypatch)
    monkeypatch.setenv(SECRET, trusted.entra.client_secret)
    found = account(trusted)
    assert found.chosen.origin == f"the client secret of the application {CLIENT}"
    assert works(trusted, found)
    monkeypatch.setenv(SECRET, "wrong-sentinel-0123456789")
    with pytest.raises(AccessError, match="gives no token to the client secret") as raised:
        works(trusted, account(trusted))
    assert "AADSTS7000215" in raised.value.evidence
    assert "wrong-sentinel" not in str(raised.value.as_dict())


def test_the_tenant_of_the_project_comes_before_that_of_the_environment(
    trusted: AzureCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    application(monkeypatch)
    other = "00000000-0000-4000-8000-000000000001"
    monkeypatch.setenv("AZURE_TENANT_ID", other)
    monkeypatch.setenv(SECRET, trusted.entra.client_secret)
    for settings, tenant in (({"tenant": TENANT}, TENANT), ({}, other)):
        found = account(trusted, **settings)
        with suppress(AccessError):
            works(trusted, found)
        asked = [call.path for call in trusted.requests if call.operation == "entra_configuration"]
        assert asked[-1].startswith(f"/{tenant}/")


def test_azures_own_command_line_is_run_once_for_all_clients(
    trusted: AzureCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    notes = install_az(tmp_path, trusted, monkeypatch)
    found = account(trusted, tenant=TENANT)
    assert found.chosen.origin == "the Azure CLI, where ann@example.com is logged in"
    assert not notes.exists()
    for _ in range(3):
        assert works(trusted, found)
    (call,) = notes.read_text().splitlines()
    assert ARM in call
    assert f"--tenant {TENANT}" in call


def test_azures_command_line_without_a_login_does_not_count(
    trusted: AzureCloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install_az(tmp_path, trusted, monkeypatch)
    for content in ('{"subscriptions": []}', "{", '["x"]', '{"subscriptions": [7]}'):
        (tmp_path / "azure" / "azureProfile.json").write_text(content)
        with pytest.raises(AccessError) as raised:
            _ = account(trusted).chosen
        assert "cli: nobody is logged in with az" in raised.value.evidence


def test_a_machine_of_azure_has_an_identity(
    trusted: AzureCloud, identities: IdentityServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", identities.url)
    found = account(trusted)
    assert found.chosen.origin == "the managed identity of this machine"
    assert works(trusted, found)
    assert identities.asked[-1]["resource"] == ARM
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
    found = account(trusted)
    assert works(trusted, found)
    assert identities.asked[-1]["client_id"] == CLIENT
    assert CLIENT in found.chosen.origin


def test_an_app_of_azure_has_an_identity_that_is_not_looked_for(
    trusted: AzureCloud, identities: IdentityServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{identities.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header")
    found = account(trusted)
    assert found.chosen.origin == "the managed identity of this machine"
    assert identities.asked == []
    assert works(trusted, found)


def test_another_clouds_metadata_address_is_not_azures(
    trusted: AzureCloud, identities: IdentityServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", identities.url)
    identities.failures = [404]
    with pytest.raises(AccessError) as raised:
        _ = account(trusted).chosen
    assert f"{identities.url} is no machine's of Azure" in raised.value.evidence


def test_the_first_way_that_is_there_is_taken_and_the_project_may_name_another(
    trusted: AzureCloud,
    identities: IdentityServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    github(monkeypatch, identities)
    (tmp_path / "token").write_text("a.federated.token")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv(SECRET, trusted.entra.client_secret)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", identities.url)
    install_az(tmp_path, trusted, monkeypatch)
    words = {
        "workload-identity": "workload identity",
        "github": "GitHub's token",
        "client-secret": "client secret",
        "cli": "Azure CLI",
        "managed-identity": "managed identity",
    }
    for kind, word in words.items():
        found = account(trusted, credential=kind)
        assert word in found.chosen.origin
        assert works(trusted, found)
    assert works(trusted, account(trusted))
    away = {
        "AZURE_FEDERATED_TOKEN_FILE": "workload-identity",
        "ACTIONS_ID_TOKEN_REQUEST_URL": "github",
        SECRET: "client-secret",
        "AZURE_CONFIG_DIR": "cli",
    }
    for variable, kind in away.items():
        assert words[kind] in account(trusted).chosen.origin
        monkeypatch.setenv(variable, "")
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    assert words["managed-identity"] in account(trusted).chosen.origin


def test_with_nothing_at_all_every_way_is_told_with_what_it_lacks(trusted: AzureCloud) -> None:
    with pytest.raises(AccessError, match="Nothing on this machine proves") as raised:
        _ = account(trusted).chosen
    kinds = [line.partition(":")[0] for line in raised.value.evidence.splitlines()]
    assert kinds == ["workload-identity", "github", "client-secret", "cli", "managed-identity"]
    assert raised.value.next_step == "az login"
    assert raised.value.exit_status == 5


def test_a_way_that_the_project_names_and_that_lacks_something_is_the_only_one_told(
    trusted: AzureCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET, "value-0123456789")
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    with pytest.raises(AccessError, match='by `credential = "client-secret"`') as raised:
        _ = account(trusted, credential="client-secret").chosen
    assert raised.value.evidence == "client-secret: AZURE_CLIENT_ID is not set"
    assert "AZURE_CLIENT_ID" in raised.value.next_step
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    with pytest.raises(AccessError) as raised:
        _ = account(trusted, credential="github").chosen
    assert "no `permissions: id-token: write`" in raised.value.evidence
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", "/nowhere/token")
    with pytest.raises(AccessError) as raised:
        _ = account(trusted, credential="workload-identity").chosen
    assert "/nowhere/token" in raised.value.evidence


def test_where_entra_is_can_be_said_by_the_environment_and_rather_by_the_project(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def authority(**settings: object) -> str:
        return cloud_of(AzureWebappTarget.model_validate(settings)).authority

    assert authority() == "https://login.microsoftonline.com"
    assert cloud_of(AzureWebappTarget()).is_known_authority
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "login.example.com/")
    assert authority() == "https://login.example.com"
    assert not cloud_of(AzureWebappTarget()).is_known_authority
    assert authority(cloud="china") == "https://login.chinacloudapi.cn"
    own = Endpoints(authority="https://entra.example.com")
    assert authority(endpoints=own, cloud="china") == "https://entra.example.com"


def test_a_token_that_azure_refuses_is_renewed_once_and_then_told(
    trusted: AzureCloud, azure_registry: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    application(monkeypatch)
    monkeypatch.setenv(SECRET, trusted.entra.client_secret)
    found = account(trusted, subscription=trusted.subscription)
    _ = found.registries.registries.get("rg-demo", "crdemo")
    trusted.entra.expire()
    with trusted.counting() as counted:
        assert found.registries.registries.get("rg-demo", "crdemo").name == "crdemo"
    assert counted == {"entra_configuration": 1, "entra_token": 1, "registries_get": 1}
    monkeypatch.setattr(trusted.entra, "seconds", -1)
    trusted.entra.expire()
    with pytest.raises(AccessError, match="client secret of the application"):
        with found.told("look at the registry"):
            found.registries.registries.get("rg-demo", "crdemo")


QUIET = """
import sys
import {module}
loaded = sorted(name for name in sys.modules if name.split(".")[0] in ("azure", "msal"))
sys.exit(f"loaded: {{loaded[:5]}}" if loaded else 0)
"""


@pytest.mark.parametrize(
    "module",
    [
        "llmops_cli.cli.app",
        "llmops_cli.catalog.targets",
        "llmops_cli.catalog.images",
        "llmops_cli.catalog.doctor",
        "llmops_cli.catalog.infrastructure",
        "llmops_cli.clouds.azure.account",
        "llmops_cli.clouds.azure.registry_login",
        "llmops_cli.secret_stores.key_vault",
    ],
)
def test_no_package_of_azures_is_loaded_with_ours(module: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", QUIET.format(module=module)], capture_output=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_commands_for_targets_elsewhere_load_nothing_of_azures(project: Project) -> None:
    for words in (("status",), ("secrets", "list"), ("plan",), ("doctor",)):
        run = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "llmops_cli", *words],
            cwd=project.root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert "llmops_cli.cli.app" in run.stderr
        loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
        assert not [name for name in loaded if name.split(".")[0] in ("azure", "msal")]


def test_a_credential_says_nothing_on_its_own(
    trusted: AzureCloud, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    application(monkeypatch)
    monkeypatch.setenv(SECRET, "wrong-sentinel-0123456789")
    code = (
        "from tests.clouds.azure.test_credentials import quiet_failure; "
        f"quiet_failure({trusted.url!r})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (7, b"", b"")


def quiet_failure(url: str) -> None:
    """Ask for a token that nobody gives; end with 7 where that is told by an error."""
    endpoints = Endpoints(authority=url, resource_manager=url)
    found = Account(AzureWebappTarget(endpoints=endpoints))
    try:
        found.chosen.credential.get_token(f"{ARM}/.default")
    except LlmopsError:
        sys.exit(7)
