"""`llmops infra apply`: what it makes, where the state is, and what the project then says."""

import os
import shutil
import tomllib

from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.config.load import load
from tests.infra.site import CLIENT_SECRET, Seed, Site


def test_a_plan_after_an_apply_is_empty(applied: Site) -> None:
    run = applied.project.ok("--json", "infra", "plan", "--detailed-exitcode")
    assert run.document["changes"] == []
    assert run.document["is_empty"] is True


def test_the_same_of_container_apps(applied_apps: Site) -> None:
    run = applied_apps.project.ok("--json", "infra", "plan", "--detailed-exitcode")
    assert run.document["is_empty"] is True


def test_a_plan_before_the_first_apply_shows_everything_and_touches_nothing(site: Site) -> None:
    run = site.project.llmops("--json", "infra", "plan", "--detailed-exitcode")
    assert run.status == 12, run.said
    changes = {change["address"]: change["action"] for change in run.document["changes"]}
    assert changes["state/azurerm_storage_account.state"] == "create"
    assert changes["azurerm_linux_web_app.main"] == "create"
    assert set(changes.values()) == {"create"}
    assert site.world.changes == []
    assert site.blobs.asked == []
    assert not (site.folder / "backend.hcl").exists()
    left = [path for path in site.project.root.rglob("*.tfstate") if ".terraform" not in path.parts]
    assert left == []


def test_what_was_made_is_in_the_project_file_and_all_else_there_is_as_it_was(
    site: Site, webapp_seed: Seed
) -> None:
    before = site.toml
    webapp_seed.plant(site)
    lines = site.toml.splitlines()
    kept = [line for line in before.splitlines() if line in lines]
    assert kept == before.splitlines()
    settings = load(site.project.root).targets["azure"]
    assert isinstance(settings, AzureWebappTarget)
    app = site.world.the("azurerm_linux_web_app")
    identity = site.world.the("azurerm_user_assigned_identity", "id-chat-azure")
    assert settings.resource_group == "rg-chat-azure"
    assert settings.app == app["name"]
    assert settings.identity == identity["id"]
    assert settings.identity_client_id == identity["client_id"]
    assert settings.key_vault == site.world.the("azurerm_key_vault")["vault_uri"].rstrip("/")
    registry = site.world.the("azurerm_container_registry")["login_server"]
    assert load(site.project.root).image.repository == f"{registry}/chat"


def test_a_container_apps_target_knows_its_environment_afterwards(applied_apps: Site) -> None:
    settings = load(applied_apps.project.root).targets["azure-containerapp"]
    assert isinstance(settings, AzureContainerAppTarget)
    made = applied_apps.world.the("azurerm_container_app_environment")
    assert settings.environment == made["name"]
    assert settings.app == "chat"


def test_each_setting_that_was_written_is_told(webapp_seed: Seed) -> None:
    assert "llmops.toml [targets.azure] resource_group = rg-chat-azure" in webapp_seed.run.out
    assert "llmops.toml [image] repository = cr" in webapp_seed.run.out
    assert "next: commit llmops.toml and infra/" in webapp_seed.run.out
    assert "next: llmops secrets set NAME, llmops deploy" in webapp_seed.run.out


def test_both_states_are_in_the_account_and_none_is_in_the_project(applied: Site) -> None:
    main = applied.blobs.state("azure.tfstate")
    own = applied.blobs.state("azure-state.tfstate")
    assert "azurerm_linux_web_app" in {held["type"] for held in main["resources"]}
    assert "azurerm_storage_account" in {held["type"] for held in own["resources"]}
    files = [path for path in applied.project.root.rglob("*.tfstate*") if path.stat().st_size]
    # Terraform's note of where the state is; it holds no resource.
    for file in files:
        assert file.parent.name == ".terraform", file
        assert '"resources": []' in file.read_text() or "resources" not in file.read_text()


def test_no_lock_is_left(applied: Site) -> None:
    assert applied.blobs.held
    assert applied.blobs.locked == []


def test_the_account_of_the_state_has_no_keys_and_forgets_nothing(applied: Site) -> None:
    account = applied.world.the("azurerm_storage_account")
    assert account["shared_access_key_enabled"] is False
    assert account["min_tls_version"] == "TLS1_2"
    [kept] = account["blob_properties"]
    assert kept["versioning_enabled"] is True
    assert kept["delete_retention_policy"][0]["days"] == 90
    backend = (applied.folder / "backend.hcl").read_text()
    assert "use_azuread_auth = true" in backend
    assert "key" in tomllib.loads(backend)


def test_no_secret_is_in_any_state_file_or_answer(applied_apps: Site, apps_seed: Seed) -> None:
    secrets = {*applied_apps.world.secrets.values(), CLIENT_SECRET}
    assert len(secrets) >= 4
    plan = applied_apps.project.ok("--verbose", "infra", "plan").said
    shown = applied_apps.project.ok("infra", "output").said
    texts = [apps_seed.run.said, plan, shown]
    texts += [blob.content.decode() for blob in applied_apps.blobs.held.values()]
    files = [path for path in applied_apps.project.root.rglob("*") if path.is_file()]
    texts += [path.read_text(errors="replace") for path in files]
    for secret in secrets:
        assert not [text for text in texts if secret in text]


def test_no_secret_is_an_argument(site: Site) -> None:
    log = site.project.root / "arguments"
    shim = site.project.root / "bin" / "terraform"
    shim.parent.mkdir()
    real = shutil.which("terraform")
    shim.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexec {real} "$@"\n')
    shim.chmod(0o755)
    site.project.environment["PATH"] = f"{shim.parent}:{os.environ['PATH']}"
    site.add("[targets.{target}.infra.postgres]\n")
    site.project.ok("infra", "apply", "--yes")
    arguments = log.read_text()
    assert "apply -input=false -json" in arguments
    assert len(site.world.secrets) == 3
    assert not [s for s in (*site.world.secrets.values(), CLIENT_SECRET) if s in arguments]


def test_the_databases_password_is_the_one_in_the_vault(applied: Site) -> None:
    secrets = applied.world.secrets
    password = secrets["azurerm_key_vault_secret", "postgres-password", "value_wo"]
    server = applied.world.the("azurerm_postgresql_flexible_server")
    kind = "azurerm_postgresql_flexible_server"
    assert secrets[kind, server["name"], "administrator_password_wo"] == password
    address = secrets["azurerm_key_vault_secret", "database-url", "value_wo"]
    assert address.startswith(f"postgresql://llmops:{password}@{server['fqdn']}:5432/")


def test_an_apply_goes_on_when_azure_is_slow_to_obey_a_role(site: Site) -> None:
    site.blobs.refusals = [(403, "AuthorizationPermissionMismatch")]
    run = site.project.ok("--verbose", "infra", "apply", "--yes")
    assert "waiting until Azure obeys the role" in run.err
    assert site.blobs.state("azure.tfstate")["resources"]
