"""`secrets rotate` on App Service: the live release with another version, or as it was."""

import ssl

import httpx2

from tests.project import API_KEY
from tests.targets.azure_webapp.stage import Stage

NEW = "new-key-for-tests-0123456789"


def opens(stage: Stage, key: str) -> bool:
    """Whether a key opens the API at its public address."""
    answer = httpx2.get(
        f"{stage.status()['address']}/v1/models",
        headers={"authorization": f"Bearer {key}"},
        verify=ssl.create_default_context(cafile=str(stage.cloud.ca_file)),
        timeout=10,
    )
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def test_a_key_is_changed_with_both_good_until_the_older_is_dropped(live: Stage) -> None:
    second = live.commits[1]
    run = live.project.ok("secrets", "rotate", "LLMOPS_API_KEY", "--json", input=NEW)
    assert run.document["release"]["id"] == live.status()["answers"] == f"{second}.2"
    assert [opens(live, key) for key in (API_KEY, NEW)] == [True, True]
    live.project.ok("secrets", "rotate", "LLMOPS_API_KEY", "--finish")
    assert live.status()["answers"] == f"{second}.3"
    assert [opens(live, key) for key in (API_KEY, NEW)] == [False, True]
    versions = live.vault.kept["llmops-api-key"].versions
    assert [version.enabled for version in versions] == [True] * 3
    assert not any("llmops-proposed" in version.tags for version in versions)


def test_a_value_that_the_release_does_not_start_with_changes_nothing(live: Stage) -> None:
    second = live.commits[1]
    first = live.vault.version("llmops-api-key")
    assert first is not None
    run = live.project.llmops("secrets", "rotate", "LLMOPS_API_KEY", "--json", input="ключ-" * 8)
    assert run.status == 8, run.said
    assert "withdrawn: later deploys use the one before" in live.error(run)["state"]
    assert live.status()["answers"] == second
    _old, new = live.vault.kept["llmops-api-key"].versions
    assert not new.enabled
    listed = live.project.ok("secrets", "list", "--json").document["secrets"]
    assert [secret["version"] for secret in listed] == [first.id]
    assert opens(live, API_KEY)
