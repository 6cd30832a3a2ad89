"""What the rendered files describe: their form, who may do what, and what can be left out."""

import subprocess
from pathlib import Path

import pytest

from llmops_cli.config.load import load, parse
from llmops_cli.flows.infra_files import files_for
from tests.infra.provider.world import OPERATOR
from tests.infra.site import Site

_ROLES = {
    ("AcrPull", "container_registry", "app"),
    ("Key Vault Secrets User", "key_vault", "app"),
    ("Azure Service Bus Data Sender", "servicebus_namespace", "app"),
    ("Azure Service Bus Data Receiver", "servicebus_namespace", "app"),
    ("AcrPush", "container_registry", "deployer"),
    ("Key Vault Secrets Officer", "key_vault", "deployer"),
    ("Reader", "resource_group", "deployer"),
    ("Managed Identity Operator", "user_assigned_identity", "deployer"),
    ("Key Vault Secrets Officer", "key_vault", "operator"),
    ("Storage Blob Data Contributor", "storage_account", "operator"),
}


def test_every_file_is_formed_as_terraform_forms_it(applied: Site, applied_apps: Site) -> None:
    for site in (applied, applied_apps):
        checked = site.terraform("fmt", "-check", "-diff", "-recursive")
        assert checked.returncode == 0, checked.stdout


def test_every_description_is_valid(applied: Site, applied_apps: Site) -> None:
    for site in (applied, applied_apps):
        checked = site.terraform("validate", "-json")
        assert checked.returncode == 0, checked.stdout
        assert '"warning_count":0' in checked.stdout.replace(" ", "")


def test_the_real_schema_refuses_what_the_provider_does_not_have(applied: Site) -> None:
    app = applied.folder / "app.tf"
    app.write_text(app.read_text().replace("https_only ", "https_alone ", 1))
    checked = applied.terraform("validate")
    assert checked.returncode == 1
    assert "https_alone" in checked.stderr


def test_everybody_has_the_rights_that_they_need_and_no_other(applied: Site) -> None:
    assert _roles(applied) == {
        *_ROLES,
        ("Website Contributor", "linux_web_app", "deployer"),
    }


def test_the_same_for_container_apps(applied_apps: Site) -> None:
    assert _roles(applied_apps) == {
        *_ROLES,
        ("Container Apps Contributor", "container_app", "deployer"),
    }


def test_github_is_trusted_under_the_old_and_the_new_name_of_the_repository(applied: Site) -> None:
    trusted = _objects(applied, "federated_identity_credential")
    assert {held["subject"] for held in trusted} == {
        "repo:acme/chat:environment:azure",
        "repo:acme@4711/chat@815:environment:azure",
    }
    for held in trusted:
        assert held["issuer"] == "https://token.actions.githubusercontent.com"
        assert held["audience"] == ["api://AzureADTokenExchange"]


def test_every_environment_of_github_has_its_own_trust(applied: Site) -> None:
    applied.add_top('github_environments = ["staging", "live one"]\n')
    applied.project.ok("infra", "apply", "--yes")
    trusted = _objects(applied, "federated_identity_credential")
    assert {held["subject"] for held in trusted} == {
        f"repo:{repository}:environment:{environment}"
        for repository in ("acme/chat", "acme@4711/chat@815")
        for environment in ("staging", "live one")
    }


def test_an_app_without_extras_has_none(site: Site) -> None:
    site.add('plan = "B1"\n')
    run = site.project.llmops("--json", "infra", "plan")
    addresses = {change["address"] for change in run.document["changes"]}
    assert "azurerm_linux_web_app.main" in addresses
    extras = ("slot", "postgres", "redis", "servicebus", "deployer", "budget", "alert", "action")
    assert [one for one in addresses if any(extra in one for extra in extras)] == []


def test_what_holds_data_is_on_no_public_address(applied_apps: Site) -> None:
    [server] = _objects(applied_apps, "postgresql_flexible_server")
    assert server["public_network_access_enabled"] is False
    [cache] = _objects(applied_apps, "managed_redis")
    assert cache["public_network_access"] == "Disabled"
    assert cache["default_database"][0]["access_keys_authentication_enabled"] is False
    assert cache["default_database"][0]["client_protocol"] == "Encrypted"
    accounts = _objects(applied_apps, "storage_account")
    [files] = [held for held in accounts if held["account_kind"] == "FileStorage"]
    assert files["public_network_access_enabled"] is False
    assert files["shared_access_key_enabled"] is False
    weaviate = applied_apps.world.the("azurerm_container_app", "weaviate")
    assert weaviate["ingress"][0]["external_enabled"] is False
    assert weaviate["template"][0]["max_replicas"] == 1


def test_alerts_ask_for_what_the_kind_measures(applied: Site, applied_apps: Site) -> None:
    assert _metrics(applied) == {
        "HealthCheckStatus",
        "Http5xx",
        "HttpResponseTime",
        "MemoryWorkingSet",
    }
    assert _metrics(applied_apps) == {"Replicas", "Requests", "ResponseTime", "RestartCount"}
    [group] = _objects(applied, "monitor_action_group")
    assert group["email_receiver"][0]["email_address"] == "operators@example.com"


def test_an_app_that_may_have_no_replica_is_not_reported_for_having_none(
    applied_apps: Site,
) -> None:
    header = "[targets.azure-containerapp]"
    toml = applied_apps.toml.replace(header, f"{header}\nmin_replicas = 0  #", 1)
    applied_apps.project.write("llmops.toml", toml)
    applied_apps.project.ok("infra", "apply", "--yes")
    assert _metrics(applied_apps) == {"Requests", "ResponseTime", "RestartCount"}


def test_names_are_the_same_after_a_destroy_so_that_the_vault_comes_back(applied: Site) -> None:
    before = applied.world.the("azurerm_key_vault")["name"]
    applied.project.ok("infra", "destroy", "--yes")
    applied.project.ok("infra", "apply", "--yes")
    assert applied.world.the("azurerm_key_vault")["name"] == before


def test_both_slots_are_made_alike(applied: Site) -> None:
    app = applied.world.the("azurerm_linux_web_app")
    slot = applied.world.the("azurerm_linux_web_app_slot")
    assert slot["name"] == "staging"
    identity = applied.world.the("azurerm_user_assigned_identity", "id-chat-azure")
    for held in (app, slot):
        assert held["https_only"] is True
        assert held["key_vault_reference_identity_id"] == identity["id"]
        [site_config] = held["site_config"]
        assert site_config["health_check_path"] == "/health"
        assert site_config["ftps_state"] == "Disabled"
        assert site_config["container_registry_use_managed_identity"] is True
        client = site_config["container_registry_managed_identity_client_id"]
        assert client == identity["client_id"]
    assert app["identity"][0]["identity_ids"] == slot["identity"][0]["identity_ids"]
    same = ("app_settings", "https_only", "logs", "site_config")
    ours = {key: app[key] for key in same}
    theirs = {key: slot[key] for key in same}
    for config in (*ours["site_config"], *theirs["site_config"]):
        config.pop("auto_swap_slot_name", None)
    assert ours == theirs


@pytest.mark.parametrize("kind", ["azure", "azure-containerapp"])
def test_no_file_names_an_image_by_a_tag_that_moves(kind: str, tmp_path: Path) -> None:
    text = f'name = "chat"\n[targets.{kind}]\n[targets.{kind}.infra]\nlocation = "westeurope"\n'
    files = files_for(parse(text, "llmops.toml"), kind)
    assert f"infra/{kind}/app.tf" in files
    assert not [path for path, content in files.items() if ":latest" in content]


def test_a_target_that_makes_nothing_has_no_files() -> None:
    config = parse('name = "chat"\n[targets.local]\n[targets.azure]\n', "llmops.toml")
    assert files_for(config, "local") == {}
    assert files_for(config, "azure") == {}


def test_state_and_providers_are_never_committed(applied: Site) -> None:
    project = applied.project
    assert load(project.root).name == "chat"
    subprocess.run(["git", "init", "-q"], cwd=project.root, check=True)
    project.git("add", "-A")
    kept = project.git("ls-files").splitlines()
    assert "infra/azure/backend.hcl" in kept
    assert "infra/azure/terraform.tfvars.json" in kept
    assert not [path for path in kept if ".terraform/" in path or "tfstate" in path]


def _roles(site: Site) -> set[tuple[str, str, str]]:
    """Return each right: what, on which kind of resource, for whom."""
    held = _objects(site, "user_assigned_identity")
    who = {
        one["principal_id"]: "deployer" if one["name"].endswith("deployer") else "app"
        for one in held
    }
    who[OPERATOR] = "operator"
    return {
        (one["role_definition_name"], _kind(one["scope"]), who[one["principal_id"]])
        for one in _objects(site, "role_assignment")
    }


def _metrics(site: Site) -> set[str]:
    alerts = _objects(site, "monitor_metric_alert")
    return {alert["criteria"][0]["metric_name"] for alert in alerts}


def _objects(site: Site, kind: str) -> list[dict]:
    return [held for held in site.world.objects.values() if f"/Stub/{kind}/" in held["id"]]


def _kind(identity: str) -> str:
    return identity.partition("/Stub/")[2].partition("/")[0]
