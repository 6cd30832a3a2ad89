"""The fake Azure holds its callers, and its own handlers, to the contract."""

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from azure.core.exceptions import HttpResponseError

from llmops_cli.clouds.azure.account import Account
from tests.fakes.azure.account import account_at
from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.contract import ARM, Contract
from tests.fakes.azure.models import problems
from tests.fakes.call import Call, Reply

GROUP = "rg-demo"
_ENVIRONMENT = "/subscriptions/x/resourceGroups/rg/providers/Microsoft.App/managedEnvironments/e"
CONTAINER = {
    "name": "api",
    "image": "registry.example/llm@sha256:aa",
    "resources": {"cpu": 0.5, "memory": "1Gi"},
    "probes": [{"type": "Readiness", "httpGet": {"path": "/health", "port": 8000}}],
    "env": [{"name": "LLMOPS_API_KEY", "secretRef": "key-1"}],
}


def app(**properties: Any) -> dict[str, Any]:
    """A body that changes a container app."""
    return {"location": "westeurope", "properties": properties}


def echo(call: Call) -> Reply:
    """Answer with what was sent."""
    return Reply(200, {"id": call.path, "name": "demo", "location": "eastus2", **(call.body or {})})


@pytest.fixture
def account(azure: AzureCloud) -> Iterator[Account]:
    """Clients of a cloud that echoes."""
    azure.register(
        {
            "web_apps_get": echo,
            "web_apps_restart": lambda call: Reply(200),
            "web_apps_update_application_settings": lambda call: Reply(200, call.body),
            "web_apps_update_configuration": lambda call: Reply(200, call.body),
            "web_apps_swap_slot_with_production": lambda call: Reply(200),
            "container_apps_update": lambda call: Reply(200, call.body),
        }
    )
    with account_at(azure) as made:
        yield made


def violation(azure: AzureCloud, ask: Callable[[], object]) -> str:
    """Return the one violation that a request is, and forget it."""
    with pytest.raises(HttpResponseError) as raised:
        ask()
    assert raised.value.status_code == 400
    (found,) = azure.violations
    azure.violations.clear()
    return found


def swap(account: Account, body: dict[str, Any]) -> None:
    account.web.web_apps.begin_swap_slot_with_production(GROUP, "demo", body).result()


def test_what_the_contract_allows_is_answered(azure: AzureCloud, account: Account) -> None:
    swap(account, {"targetSlot": "staging", "preserveVnet": True})
    account.web.web_apps.restart(GROUP, "demo", soft_restart=True)
    account.web.web_apps.update_application_settings(GROUP, "demo", {"properties": {"A": "1"}})
    account.web.web_apps.update_configuration(
        GROUP, "demo", {"properties": {"linuxFxVersion": "DOCKER|a/b@sha256:cc"}}
    )
    body = app(
        managedEnvironmentId=_ENVIRONMENT,
        configuration={
            "activeRevisionsMode": "Multiple",
            "ingress": {"targetPort": 8000, "traffic": [{"revisionName": "a--1", "weight": 100}]},
            "secrets": [{"name": "key-1", "keyVaultUrl": "https://v/secrets/k/1", "identity": "i"}],
        },
        template={
            "revisionSuffix": "r2",
            "containers": [CONTAINER],
            "scale": {
                "minReplicas": 1,
                "rules": [{"name": "h", "http": {"metadata": {"concurrentRequests": "20"}}}],
            },
        },
    )
    account.apps.container_apps.begin_update(GROUP, "demo", body).result()
    assert [call.operation for call in azure.requests if "entra" not in call.operation] == [
        "web_apps_swap_slot_with_production",
        "web_apps_restart",
        "web_apps_update_application_settings",
        "web_apps_update_configuration",
        "container_apps_update",
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"configuration": {"activeRevisionMode": "Multiple"}}, "has no `activeRevisionMode`"),
        ({"configuration": {"activeRevisionsMode": "Many"}}, "'Many' is none of"),
        ({"configuration": {"ingress": {"targetPort": "8000"}}}, "integer is wanted, not str"),
        ({"configuration": {"ingress": {"targetPort": True}}}, "integer is wanted, not bool"),
        ({"configuration": {"ingress": {"traffic": {"weight": 1}}}}, "a list is wanted"),
        ({"configuration": {"secrets": [{"nme": "key"}]}}, "has no `nme`"),
        ({"template": {"containers": [{**CONTAINER, "envs": []}]}}, "Container has no `envs`"),
        ({"template": {"containers": [{"env": [{"name": 1}]}]}}, "env[0].name: string is wanted"),
        ({"networking": {}}, "ContainerAppProperties has no `networking`"),
        ({"template": []}, "an object (Template) is wanted, not a list"),
    ],
)
def test_a_body_of_another_shape_is_a_violation(
    azure: AzureCloud, account: Account, change: dict[str, Any], told: str
) -> None:
    ask = account.apps.container_apps.begin_update
    assert told in violation(azure, lambda: ask(GROUP, "demo", app(**change)))


def test_a_missing_key_is_a_violation(azure: AzureCloud, account: Account) -> None:
    told = violation(azure, lambda: swap(account, {"targetSlot": "staging"}))
    assert told == "web_apps_swap_slot_with_production: : CsmSlotEntity needs `preserveVnet`"


def test_a_key_that_is_only_read_may_be_sent_back(azure: AzureCloud, account: Account) -> None:
    body = {**app(provisioningState="Succeeded", latestRevisionName="a--1"), "id": "x", "type": "y"}
    account.apps.container_apps.begin_update(GROUP, "demo", body).result()


def test_what_azure_answers_may_be_sent_back_but_for_what_nobody_documents(
    azure: AzureCloud, account: Account
) -> None:
    answer = {
        "id": "/subscriptions/x/resourceGroups/rg/providers/Microsoft.App/containerApps/demo",
        "name": "demo",
        "location": "eastus2",
        "identity": {"type": "SystemAssigned"},
        "properties": {"latestRevisionName": "demo--1", "template": {"containers": []}},
    }
    azure.register({"container_apps_get": lambda call: Reply(200, answer)})
    body = account.apps.container_apps.get(GROUP, "demo").as_dict()
    assert body["id"].endswith("/Microsoft.App/containerapps/demo")
    assert body["identity"]["type"] == "systemAssigned"
    assert body["properties"].pop("delegatedIdentities") == []
    assert body["properties"].pop("patchingMode") is None
    account.apps.container_apps.begin_update(GROUP, "demo", body).result()


def test_the_case_of_a_known_word_makes_no_difference(azure: AzureCloud, account: Account) -> None:
    body = app(configuration={"ingress": {"transport": "Http"}})
    account.apps.container_apps.begin_update(GROUP, "demo", body).result()


def asked(azure: AzureCloud, method: str, path: str, query: str, **options: Any) -> str:
    """Ask by hand, and return the violation."""
    headers = {"Authorization": f"Bearer {azure.entra.token(ARM)}"}
    base = f"/subscriptions/{azure.subscription}/resourceGroups/{GROUP}/providers/Microsoft.Web"
    url = f"{azure.url}{base}/sites/demo{path}?{query}"
    with httpx2.Client(verify=ssl.create_default_context(cafile=azure.ca_file)) as client:
        answer = client.request(method, url, headers=headers, **options)
    assert answer.status_code == 400
    (found,) = azure.violations
    azure.violations.clear()
    assert answer.json()["error"]["message"] == found
    return found


@pytest.mark.parametrize(
    ("method", "path", "query", "told"),
    [
        ("GET", "", "api-version=2024-11-01", "api-version is 2024-11-01, not 2025-05-01"),
        ("GET", "", "", "the query needs `api-version`"),
        ("GET", "", "api-version=2025-05-01&expand=all", "the query has no `expand`"),
        ("POST", "/restart", "api-version=2025-05-01&softRestart=yes", "'yes', which is no bool"),
        ("POST", "/stop", "api-version=2025-05-01", "it is `web_apps_stop`, for which the fake"),
        ("POST", "/explode", "api-version=2025-05-01", "no package knows it"),
        ("PUT", "/config/appsettings", "api-version=2025-05-01", "it needs a body"),
    ],
)
def test_a_request_that_no_client_of_the_package_would_send_is_a_violation(
    azure: AzureCloud, account: Account, method: str, path: str, query: str, told: str
) -> None:
    assert told in asked(azure, method, path, query)


def test_a_body_where_none_is_taken_is_a_violation(azure: AzureCloud, account: Account) -> None:
    told = asked(azure, "POST", "/restart", "api-version=2025-05-01", json={"a": 1})
    assert told == "web_apps_restart: it takes no body"


def test_a_mishap_does_not_hide_a_violation(azure: AzureCloud, account: Account) -> None:
    fault = azure.faults.on("web_apps_swap_slot_with_production", Reply(409))
    assert "needs" in violation(azure, lambda: swap(account, {"targetSlot": "staging"}))
    assert fault.hits == 0


def test_handlers_are_held_to_the_contract_too(azure: AzureCloud, account: Account) -> None:
    azure.register({"web_apps_get": lambda call: Reply(202, {"properties": {"enabled": "yes"}})})
    with pytest.raises(HttpResponseError):
        account.web.web_apps.get(GROUP, "demo")
    assert azure.violations == [
        "the fake answers web_apps_get with 202, which is none of [200]",
        "the fake's web_apps_get: .properties.enabled: boolean is wanted, not str 'yes'",
    ]
    azure.violations.clear()


def test_a_handler_that_fails_is_told(azure: AzureCloud, account: Account) -> None:
    azure.register({"web_apps_restart": lambda call: Reply(200, call.parameters["nmae"])})
    azure.faults.on("web_apps_restart", Reply(400), after=1)
    with pytest.raises(HttpResponseError):
        account.web.web_apps.restart(GROUP, "demo")
    (told,) = azure.violations
    assert "KeyError: 'nmae'" in told
    azure.violations.clear()


def test_an_operation_that_no_package_has_cannot_be_registered(azure: AzureCloud) -> None:
    with pytest.raises(LookupError, match="web_apps_levitate"):
        azure.register({"web_apps_levitate": echo})


def test_what_was_read_of_a_package_is_read_once(azure: AzureCloud, tmp_path: Any) -> None:
    first = Contract(tmp_path).operation("web_apps_update_configuration")
    second = Contract(tmp_path)
    assert second.operation("web_apps_update_configuration") == first
    assert second._sources == {}


def test_answers_are_as_untidy_as_azures(azure: AzureCloud, account: Account) -> None:
    answered = account.web.web_apps.get(GROUP, "demo").as_dict()
    assert answered["location"] == "East US 2"
    assert "/resourcegroups/" in answered["id"]
    assert answered["identity"] is None


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"type": "DockerBuildRequest", "dockerFilePath": "Dockerfile"}, "needs `platform`"),
        ({"type": "TaskRunRequest", "dockerFilePath": "D"}, "has no `dockerFilePath`"),
        ({"type": "Wish"}, "'Wish' is none of the kinds DockerBuildRequest, "),
        ({"dockerFilePath": "Dockerfile"}, "None is none of the kinds"),
    ],
)
def test_a_body_of_one_of_several_kinds_is_held_to_its_kind(
    body: dict[str, Any], told: str
) -> None:
    pytest.importorskip("azure.mgmt.containerregistrytasks")
    asked = Contract().operation("registries_schedule_run")
    assert asked.body is not None
    assert told in "; ".join(problems(body, asked.body, asked.definitions))
    good = {"type": "DockerBuildRequest", "dockerFilePath": "Dockerfile", "isPushEnabled": True}
    whole = {**good, "platform": {"os": "Linux"}, "sourceLocation": "x.tar.gz"}
    assert list(problems(whole, asked.body, asked.definitions)) == []
