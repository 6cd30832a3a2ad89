"""Releases come into service on App Service, and back, by way of the slot."""

import pytest

from tests.fakes.azure.web_side import PLACEHOLDER
from tests.project import API_KEY
from tests.targets.azure_webapp.stage import Stage

_READ = {
    "web_apps_get",
    "web_apps_get_slot",
    "web_apps_get_configuration",
    "web_apps_get_configuration_slot",
    "web_apps_list_application_settings",
    "web_apps_list_application_settings_slot",
    "web_apps_list_slot_configuration_names",
    "app_service_plans_get",
}
_LOG = {
    f"web_apps_{verb}_deployment{what}"
    for verb, what in (
        ("create", ""),
        ("create", "_slot"),
        ("get", ""),
        ("get", "_slot"),
        ("list", "s"),
        ("list", "s_slot"),
        ("delete", ""),
        ("delete", "_slot"),
    )
}
_SIGN_IN = {"entra_token", "entra_configuration"}
_SWAP = {"web_apps_swap_slot_with_production", "operation_result"}
_STAGE = {"web_apps_update_configuration_slot", "web_apps_update_application_settings_slot"}
_SECRETS = {"key_vault_get_secret", "web_apps_get_app_settings_key_vault_references_slot"}


def test_the_first_deploy_is_staged_in_the_slot_and_swapped(empty: Stage) -> None:
    (release,) = empty.commits
    run = empty.project.ok("deploy", "--json").document
    assert run["release"]["id"] == release
    assert run["address"] == empty.app.url
    assert empty.app.serving == release
    assert empty.app.swaps == 1
    assert empty.app.slot.image == PLACEHOLDER
    assert empty.locks == []


def test_a_deploy_asks_azure_for_no_more_than_it_needs(live: Stage) -> None:
    _first, second, third = live.commits
    run, counted = live.project.asked("deploy", "--json")
    assert run.document["previous"] == second
    assert live.app.serving == third
    assert set(counted) == _READ | _LOG | _SIGN_IN | _SWAP | _STAGE | _SECRETS
    assert counted["web_apps_swap_slot_with_production"] == 1
    assert sum(counted[operation] for operation in _STAGE) == 2
    assert sum(counted[operation] for operation in _READ | _LOG) <= 42


def test_the_image_is_pinned_and_only_our_settings_change(live: Stage) -> None:
    third = live.commits[-1]
    live.app.slot.settings |= {"THEIRS": "stays"}
    live.app.production.settings |= {"THEIRS": "is another"}
    live.project.ok("deploy")
    production = live.app.production
    assert production.image == f"DOCKER|{live.project.images[third]}"
    assert "@sha256:" in production.image
    assert production.settings["THEIRS"] == "stays"
    assert production.settings["LLMOPS_RELEASE"] == third
    assert production.settings["LLMOPS_API_KEY"].startswith("@Microsoft.KeyVault(SecretUri=")
    assert live.app.slot.settings["THEIRS"] == "is another"


def test_a_rollback_swaps_back_what_the_slot_still_holds(live: Stage) -> None:
    first, second, _third = live.commits
    run, counted = live.project.asked("rollback", "--json")
    assert run.document["release"]["id"] == first
    assert live.app.serving == first
    assert live.app.slot.answers == second
    assert not _STAGE & set(counted)
    assert counted["web_apps_swap_slot_with_production"] == 1


def test_a_rollback_to_an_older_release_stages_its_digest(live: Stage) -> None:
    first, second, third = live.commits
    live.project.ok("deploy")
    run, counted = live.project.asked("rollback", first, "--json")
    assert run.document["previous"] == third
    assert live.app.serving == first
    assert live.app.production.image == f"DOCKER|{live.project.images[first]}"
    assert live.app.slot.answers == third
    assert set(counted) >= _STAGE
    assert second in live.project.ok("releases").out


def test_a_rollback_forth_and_back_changes_nothing_but_the_traffic(live: Stage) -> None:
    first, second, _third = live.commits
    before = dict(live.app.production.settings)
    live.project.ok("rollback")
    live.project.ok("rollback", second)
    assert live.app.serving == second
    assert live.app.production.settings == before
    assert live.app.slot.answers == first


def test_what_is_live_is_not_deployed_again(live: Stage) -> None:
    live.project.ok("deploy")
    run, counted = live.project.asked("deploy", "--json")
    assert run.document["changed"] is False
    assert not (_STAGE | _SWAP) & set(counted)


def test_a_new_version_of_a_secret_makes_a_new_release(live: Stage) -> None:
    live.project.ok("deploy")
    third = live.commits[-1]
    newer = live.vault.put("llmops-api-key", f"{API_KEY}-newer")
    run = live.project.ok("deploy", "--json").document
    assert run["release"]["id"] == f"{third}.2"
    assert live.app.serving == f"{third}.2"
    assert newer.id in live.app.production.settings["LLMOPS_API_KEY"]
    live.project.ok("rollback")
    assert live.app.serving == third


def test_a_rotated_secret_comes_with_a_release_of_its_own(live: Stage) -> None:
    second = live.commits[1]
    old = live.app.production.settings["LLMOPS_API_KEY"]
    live.project.ok("secrets", "rotate", "LLMOPS_API_KEY", "--generate")
    assert live.app.serving == f"{second}.2"
    assert live.app.production.settings["LLMOPS_API_KEY"] != old
    live.project.ok("rollback")
    assert live.app.production.settings["LLMOPS_API_KEY"] == old


def test_a_rollback_is_refused_where_the_version_of_a_secret_is_gone(live: Stage) -> None:
    second = live.commits[1]
    live.vault.kept["llmops-api-key"].versions.clear()
    live.vault.put("llmops-api-key", f"{API_KEY}-other")
    run = live.project.llmops("rollback", "--json")
    assert run.status == 4
    assert "pinned" in live.error(run)["evidence"]
    assert live.app.serving == second


@pytest.mark.parametrize("swaps_logs", [False, True])
def test_the_record_survives_wherever_a_swap_leaves_the_log(empty: Stage, swaps_logs: bool) -> None:
    empty.app.swaps_logs = swaps_logs
    empty.project.ok("deploy", "--name", "one")
    empty.project.change("Second.")
    empty.project.ok("deploy")
    first, second = empty.commits
    empty.project.ok("rollback")
    found = empty.status()
    assert found["live"]["id"] == found["recorded"]["id"] == first
    assert [event["action"] for event in found["events"]] == ["rollback", "deploy", "deploy"]
    listed = empty.project.ok("releases", "--json").document["releases"]
    assert [each["id"] for each in listed] == [first, second]
    assert listed[0]["names"] == ["one"]
    assert empty.locks == []


def test_old_versions_of_the_record_may_go_for_the_newest_is_complete(live: Stage) -> None:
    log = live.app.production.kudu
    records = [id for id in log.entries if id.startswith("llmops-0")]
    assert len(records) > 1
    for id in records[:-1]:
        del log.entries[id]
    listed = live.project.ok("releases", "--json").document["releases"]
    assert {each["id"] for each in listed} == set(live.commits[:2])
    assert len(live.status()["events"]) == 2


def test_no_secret_is_sent_to_resource_manager_or_said(live: Stage) -> None:
    said = live.project.ok("deploy", "--verbose").said + live.project.ok("render").said
    sent = [str(c.body) for c in live.cloud.requests if not c.operation.startswith("key_vault")]
    written = [str(side.kudu.entries) for side in (live.app.production, live.app.slot)]
    assert API_KEY not in "".join([said, *sent, *written])


def test_a_release_that_is_staged_anew_is_not_taken_for_what_ran_under_its_name(
    live: Stage,
) -> None:
    third = live.commits[2]
    live.app.slot.settings["LLMOPS_RELEASE"] = third
    live.app.slot.start_anew()
    run, counted = live.project.asked("deploy", "--json")
    assert run.document["release"]["id"] == third
    assert counted["web_apps_stop_slot"] == counted["web_apps_start_slot"] == 1
    assert live.app.production.image == f"DOCKER|{live.project.images[third]}"
