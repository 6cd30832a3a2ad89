"""What `llmops doctor` finds of an account at Azure, each in one line with what mends it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from llmops_cli.clouds.azure.account import Account
from llmops_cli.clouds.azure.doctor import probes
from llmops_cli.clouds.clock import judged
from llmops_cli.config.azure import AzureTarget, Endpoints
from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.core.diagnosis import Diagnosis, Health
from llmops_cli.flows.doctor import examine
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.vault import Vault
from tests.fakes.call import Call, Reply, refusal

KINDS = {
    AzureWebappTarget: ("web_apps_get", "Website Contributor"),
    AzureContainerAppTarget: ("container_apps_get", "Container Apps Contributor"),
}


@pytest.fixture(params=KINDS, ids=["azure", "azure-containerapp"])
def kind(request: pytest.FixtureRequest) -> type[AzureTarget]:
    return request.param


@pytest.fixture(autouse=True)
def around(azure: AzureCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in azure.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:1")
    for name, _role in KINDS.values():
        azure.register({name: app})


def app(call: Call) -> Reply:
    name = call.parameters.get("name") or call.parameters["containerAppName"]
    if name != "demo":
        return refusal(404, "ResourceNotFound", f"The Resource '{name}' was not found.")
    return Reply(200, {"id": call.path, "name": name, "location": "westeurope"})


def found(
    cloud: AzureCloud, kind: type[AzureTarget], name: str = "demo", **settings: object
) -> dict[str, Diagnosis]:
    keys = {
        "endpoints": Endpoints(authority=cloud.url, resource_manager=cloud.url),
        "subscription": cloud.subscription,
        "resource_group": "rg-demo",
        "key_vault": cloud.url,
        **settings,
    }
    diagnoses = examine(probes(Account(kind.model_validate(keys)), name))
    assert all("\n" not in each.text + each.fix for each in diagnoses)
    by_subject = {each.subject: each for each in diagnoses}
    assert len(by_subject) == len(diagnoses)
    return by_subject


def test_where_all_is_well_it_says_who_we_are_and_what_we_may(
    azure: AzureCloud, azure_vault: Vault, kind: type[AzureTarget]
) -> None:
    diagnoses = found(azure, kind)
    assert {each.health for each in diagnoses.values()} == {Health.OK}
    assert list(diagnoses) == [
        *("azure packages", "azure credential", "azure app", "key vault", "azure clock")
    ]
    assert "the client secret of the application" in diagnoses["azure credential"].text
    assert "demo is in rg-demo" in diagnoses["azure app"].text
    assert "can be read and set" in diagnoses["key vault"].text
    assert azure_vault.kept == {}


def test_nothing_is_changed(azure: AzureCloud, azure_vault: Vault) -> None:
    azure_vault.put("a-key", "value")
    found(azure, AzureWebappTarget)
    assert [len(kept.versions) for kept in azure_vault.kept.values()] == [1]
    changing = [call.operation for call in azure.requests if call.method not in ("GET", "POST")]
    assert changing == ["key_vault_update_secret"]


def test_without_a_credential_one_line_says_so_and_what_was_looked_for(
    azure: AzureCloud, azure_vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AZURE_CLIENT_SECRET")
    diagnoses = found(azure, AzureWebappTarget)
    assert list(diagnoses) == ["azure packages", "azure credential"]
    told = diagnoses["azure credential"]
    assert told.health is Health.PROBLEM
    assert "client-secret: AZURE_CLIENT_SECRET is not set" in told.text
    assert told.fix == "az login"


def test_a_credential_that_entra_refuses_is_told_once(
    azure: AzureCloud, azure_vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong-sentinel-0123456789")
    diagnoses = found(azure, AzureWebappTarget)
    assert list(diagnoses) == ["azure packages", "azure credential"]
    assert "AADSTS7000215" in diagnoses["azure credential"].text
    assert "wrong-sentinel" not in str(diagnoses)


def test_an_app_that_is_not_there_is_told(
    azure: AzureCloud, azure_vault: Vault, kind: type[AzureTarget]
) -> None:
    told = found(azure, kind, "other")["azure app"]
    assert told.health is Health.PROBLEM
    assert "no app other in the resource group rg-demo" in told.text
    assert "llmops infra apply" in told.fix


def test_an_app_that_may_not_be_looked_at_is_told_with_the_role(
    azure: AzureCloud, azure_vault: Vault, kind: type[AzureTarget]
) -> None:
    operation, role = KINDS[kind]
    azure.faults.on(operation, refusal(403, "AuthorizationFailed", "The client has no rights."))
    told = found(azure, kind)["azure app"]
    assert told.health is Health.PROBLEM
    assert "AuthorizationFailed" in told.text
    assert f'--role "{role}"' in told.fix


@pytest.mark.parametrize("key", ["resource_group", "key_vault", "subscription"])
def test_a_setting_that_is_missing_names_what_writes_it(
    azure: AzureCloud, azure_vault: Vault, key: str
) -> None:
    diagnoses = found(azure, AzureWebappTarget, **{key: None})
    told = diagnoses["key vault" if key == "key_vault" else "azure app"]
    assert told.health is Health.PROBLEM
    assert f"no `{key}`" in told.text
    assert "llmops infra apply" in told.fix


def test_a_vault_that_can_only_be_read_is_enough_for_deploys(
    azure: AzureCloud, azure_vault: Vault
) -> None:
    azure_vault.rights = {"get", "list"}
    told = found(azure, AzureWebappTarget)["key vault"]
    assert told.health is Health.WARNING
    assert "Key Vault Secrets Officer" in told.fix
    azure_vault.rights = {"set", "list"}
    told = found(azure, AzureWebappTarget)["key vault"]
    assert told.health is Health.PROBLEM
    assert "Key Vault Secrets User" in told.fix


@pytest.mark.parametrize(
    ("seconds", "health"),
    [(0, Health.OK), (59, Health.OK), (-61, Health.WARNING), (301, Health.PROBLEM)],
)
def test_a_clock_that_goes_wrong_is_told(seconds: int, health: Health) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    date = format_datetime(now - timedelta(seconds=seconds), usegmt=True)
    told = judged("clock", date, now, "Entra ID")
    assert told.health is health
    if health is not Health.OK:
        assert f"{abs(seconds)} s {'fast' if seconds > 0 else 'slow'}" in told.text
        assert "timedatectl" in told.fix
    assert judged("clock", "yesterday", now, "Entra ID").health is Health.WARNING
