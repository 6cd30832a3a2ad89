"""An apply never takes back what a deploy did, and does take back what is not a deploy's."""

from tests.infra.site import Site

_RELEASE = "cr.azurecr.io/chat@sha256:" + "ab" * 32


def _plan(site: Site) -> list[str]:
    run = site.project.ok("--json", "infra", "plan")
    return [change["address"] for change in run.document["changes"]]


def test_the_image_and_the_settings_of_a_web_app_are_a_deploys(applied: Site) -> None:
    for kind in ("azurerm_linux_web_app", "azurerm_linux_web_app_slot"):
        app = applied.world.the(kind)
        [stack] = app["site_config"][0]["application_stack"]
        stack["docker_image_name"] = _RELEASE
        stack["docker_registry_url"] = "https://cr.azurecr.io"
        app["site_config"][0]["app_command_line"] = "serve"
        app["app_settings"] = {"LLMOPS_RELEASE": "0123456789ab", "WEBSITES_PORT": "9000"}
        app["tags"]["llmops-note"] = "of a deploy"
    applied.world.the("azurerm_linux_web_app")["sticky_settings"] = [
        {"app_setting_names": ["LLMOPS_SLOT"], "connection_string_names": None}
    ]
    assert _plan(applied) == []


def test_the_template_the_secrets_and_the_traffic_of_a_container_app_are_a_deploys(
    applied_apps: Site,
) -> None:
    app = applied_apps.world.the("azurerm_container_app", "chat")
    template = app["template"][0]
    template["container"][0]["image"] = _RELEASE
    template["container"][0]["command"] = None
    template["min_replicas"], template["max_replicas"] = 2, 9
    template["revision_suffix"] = "0123456789ab"
    vault = "https://kv.vault.azure.net/secrets/openai-api-key/1"
    app["secret"] = [
        {"name": "k", "key_vault_secret_id": vault, "identity": "System", "value": None}
    ]
    app["ingress"][0]["traffic_weight"] = [
        {"percentage": 90, "revision_suffix": "a", "label": None, "latest_revision": False},
        {"percentage": 10, "revision_suffix": "b", "label": None, "latest_revision": False},
    ]
    app["tags"]["llmops-lock"] = "maria"
    assert _plan(applied_apps) == []


def test_what_is_not_a_deploys_is_put_right(applied: Site) -> None:
    applied.world.the("azurerm_linux_web_app")["site_config"][0]["health_check_path"] = "/"
    applied.world.the("azurerm_container_registry")["admin_enabled"] = True
    assert _plan(applied) == ["azurerm_container_registry.main", "azurerm_linux_web_app.main"]


def test_a_change_of_the_app_itself_keeps_the_release_that_runs(applied: Site) -> None:
    app = applied.world.the("azurerm_linux_web_app")
    [stack] = app["site_config"][0]["application_stack"]
    stack["docker_image_name"] = _RELEASE
    app["https_only"] = False
    applied.project.ok("infra", "apply", "--yes")
    after = applied.world.the("azurerm_linux_web_app")
    assert after["https_only"] is True
    assert after["site_config"][0]["application_stack"][0]["docker_image_name"] == _RELEASE


def test_a_release_of_a_container_app_outlives_a_change_of_its_ingress(applied_apps: Site) -> None:
    app = applied_apps.world.the("azurerm_container_app", "chat")
    app["template"][0]["container"][0]["image"] = _RELEASE
    app["ingress"][0]["allow_insecure_connections"] = True
    applied_apps.project.ok("infra", "apply", "--yes")
    after = applied_apps.world.the("azurerm_container_app", "chat")
    assert after["ingress"][0]["allow_insecure_connections"] is False
    assert after["template"][0]["container"][0]["image"] == _RELEASE
