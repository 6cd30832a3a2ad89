"""What App Service is told to run a release with."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.core.release import Release
from llmops_cli.errors import PreflightError
from llmops_cli.targets.azure_webapp.settings import (
    OWNED,
    added,
    configuration_body,
    differences,
    edited,
    merged,
    owned,
    registry_of,
    runs,
    wanted_of,
)

DIGEST = "sha256:" + "a" * 64
IDENTITY = f"/subscriptions/{'1' * 8}-1111-4111-8111-{'1' * 12}/resourceGroups/g/providers/x/y"
CLIENT = "eeeeeeee-0000-4000-8000-00000000000e"
TARGET = AzureWebappTarget(
    key_vault="https://kv-demo.vault.azure.net/",
    secret_prefix="demo-",
    identity=IDENTITY,
    identity_client_id=CLIENT,
)
RELEASE = Release(
    id="0123456789ab",
    commit="0123456789ab" + "0" * 28,
    tree="",
    committed_at=datetime(2026, 1, 1, tzinfo=UTC),
    subject="A change",
    settings={"PORT": "8080", "LLMOPS_DRAIN_SECONDS": "20", "LLMOPS_MODEL": "m"},
    secret_versions={"OPENAI_API_KEY": "v1"},
    image=f"demo.azurecr.io/chat@{DIGEST}",
)


def test_a_secret_is_a_reference_to_its_version() -> None:
    found = wanted_of(TARGET, RELEASE).settings["OPENAI_API_KEY"]
    address = "https://kv-demo.vault.azure.net/secrets/demo-openai-api-key/v1"
    assert found == f"@Microsoft.KeyVault(SecretUri={address})"
    assert wanted_of(TARGET, RELEASE).references == {"OPENAI_API_KEY"}


def test_without_a_vault_there_is_no_reference() -> None:
    with pytest.raises(PreflightError, match="key_vault"):
        wanted_of(AzureWebappTarget(), RELEASE)


def test_the_platform_is_told_port_warm_up_and_times() -> None:
    found = wanted_of(TARGET, RELEASE).settings
    assert found["WEBSITES_PORT"] == "8080"
    assert found["WEBSITES_ENABLE_APP_SERVICE_STORAGE"] == "false"
    assert found["WEBSITE_SWAP_WARMUP_PING_PATH"] == found["WEBSITE_WARMUP_PATH"] == "/health"
    assert found["WEBSITE_SWAP_WARMUP_PING_STATUSES"] == "200"
    assert found["WEBSITE_WARMUP_STATUSES"] == "200"
    assert found["WEBSITES_CONTAINER_STOP_TIME_LIMIT"] == "25"


@pytest.mark.parametrize(("ready", "limit"), [(10, "230"), (600.5, "601"), (3600, "1800")])
def test_the_time_to_start_is_what_the_platform_allows(ready: float, limit: str) -> None:
    found = wanted_of(TARGET.model_copy(update={"ready_seconds": ready}), RELEASE).settings
    assert found["WEBSITES_CONTAINER_START_TIME_LIMIT"] == limit


@pytest.mark.parametrize(("drain", "own", "limit"), [(30, "30", "35"), (300, "115", "120")])
def test_a_release_drains_in_the_time_that_the_platform_gives(
    drain: float, own: str, limit: str
) -> None:
    settings = {**RELEASE.settings, **added(8000, drain)}
    assert settings["LLMOPS_DRAIN_SECONDS"] == own
    found = wanted_of(TARGET, replace(RELEASE, settings=settings)).settings
    assert found["WEBSITES_CONTAINER_STOP_TIME_LIMIT"] == limit


def test_the_front_ends_are_believed_besides_whom_the_project_believes() -> None:
    settings = {**RELEASE.settings, "LLMOPS_TRUSTED_PROXIES": "10.1.0.0/16"}
    found = wanted_of(TARGET, replace(RELEASE, settings=settings)).settings
    assert found["LLMOPS_TRUSTED_PROXIES"] == "10.1.0.0/16,169.254.0.0/16,172.16.0.0/12"


def test_settings_of_others_stay_and_those_of_a_former_release_go() -> None:
    former = wanted_of(TARGET, replace(RELEASE, settings={"LLMOPS_OLD": "1"}, secret_versions={}))
    found = {**former.settings, "THEIRS": "1", "DOCKER_REGISTRY_SERVER_PASSWORD": "p"}
    now = merged(found, wanted_of(TARGET, RELEASE))
    assert now["THEIRS"] == "1"
    assert "LLMOPS_OLD" not in now
    assert "DOCKER_REGISTRY_SERVER_PASSWORD" not in now
    assert owned(now) == {*wanted_of(TARGET, RELEASE).settings} | {OWNED}
    assert owned({"THEIRS": "1"}) == frozenset()


def test_a_side_runs_a_release_only_with_its_image_and_all_its_settings() -> None:
    wanted = wanted_of(TARGET, RELEASE)
    settings = {**wanted.settings, "THEIRS": "1", "LLMOPS_VERSION": "0.1"}
    assert runs(settings, f"DOCKER|{RELEASE.image}", wanted)
    assert not runs(settings, "DOCKER|other", wanted)
    assert not runs({**settings, "LLMOPS_MODEL": "x"}, f"DOCKER|{RELEASE.image}", wanted)
    assert not runs({**settings, "DOCKER_REGISTRY_SERVER_URL": "x"}, RELEASE.image, wanted)


def test_an_image_of_the_registry_is_pulled_with_the_client_id_of_the_identity() -> None:
    wanted = wanted_of(TARGET, RELEASE)
    found = configuration_body(TARGET, wanted, pulls_as_identity=True, stays_on=True)["properties"]
    assert found == {
        "linuxFxVersion": f"DOCKER|demo.azurecr.io/chat@{DIGEST}",
        "acrUseManagedIdentityCreds": True,
        "acrUserManagedIdentityID": CLIENT,
        "healthCheckPath": "/health",
        "alwaysOn": True,
    }
    other = configuration_body(TARGET, wanted, pulls_as_identity=False, stays_on=False)
    assert other["properties"] == {
        "linuxFxVersion": f"DOCKER|demo.azurecr.io/chat@{DIGEST}",
        "acrUseManagedIdentityCreds": False,
        "healthCheckPath": "/health",
    }


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        (f"DOCKER|demo.azurecr.io/chat@{DIGEST}", "demo.azurecr.io"),
        ("localhost:5000/chat:1", "localhost:5000"),
        ("library/nginx:1.27", ""),
        ("nginx:1.27", ""),
    ],
)
def test_the_registry_is_read_from_the_name_of_the_image(image: str, registry: str) -> None:
    assert registry_of(image) == registry


def test_differences_are_told_by_name() -> None:
    assert differences({"A": "1", "B": "2"}, {"B": "3", "C": "4"}) == ["A", "B", "C"]
    assert edited({"PORT": "8080", "LLMOPS_MODEL": "x"}, RELEASE) == [
        "LLMOPS_DRAIN_SECONDS",
        "LLMOPS_MODEL",
    ]
