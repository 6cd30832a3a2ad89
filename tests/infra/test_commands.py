"""`llmops infra` beside apply: output, destroy, plan, and targets that stand on nothing."""

import pytest

from tests.infra.site import Site
from tests.project import make_project


def test_outputs_before_the_first_apply_say_what_to_do(site: Site) -> None:
    run = site.project.llmops("infra", "output")
    assert run.status == 4, run.said
    assert "llmops infra apply" in run.err


def test_outputs_are_shown_and_written_anew_on_demand(applied: Site) -> None:
    written = applied.toml
    edited = written.replace('resource_group = "rg-chat-azure"', 'resource_group = "another"')
    assert edited != written
    applied.project.write("llmops.toml", edited)
    shown = applied.project.ok("--json", "infra", "output").document
    assert shown["outputs"]["resource_group"] == "rg-chat-azure"
    assert shown["outputs"]["deployer_client_id"]
    assert shown["written"] == []
    assert applied.toml == edited
    run = applied.project.ok("infra", "output", "--write")
    assert "resource_group = rg-chat-azure  (was another)" in run.out
    assert applied.toml == written


def test_an_apply_that_changes_nothing_still_mends_the_project_file(applied: Site) -> None:
    written = applied.toml
    lines = [line for line in written.splitlines(keepends=True) if "key_vault" not in line]
    applied.project.write("llmops.toml", "".join(lines))
    run = applied.project.ok("infra", "apply", "--yes")
    assert "[targets.azure] key_vault = https://kv" in run.out
    assert "is as it should be" in run.out


def test_destroy_leaves_nothing_but_the_account_of_the_state(applied: Site) -> None:
    run = applied.project.ok("infra", "destroy", "--yes")
    assert "are destroyed" in run.out
    left = sorted(
        held["id"].partition("/Stub/")[2].partition("/")[0]
        for held in applied.world.objects.values()
    )
    assert left == ["resource_group", "role_assignment", "storage_account", "storage_container"]
    assert applied.project.llmops("infra", "plan", "--detailed-exitcode").status == 12


def test_a_destroy_that_fails_does_not_know_what_serves(applied: Site) -> None:
    applied.world.fails["vnet-chat-azure"] = "InUseSubnetCannotBeDeleted"
    run = applied.project.llmops("infra", "destroy", "--yes")
    assert run.status == 9, run.said
    assert "Left: " in run.err
    assert "azurerm_virtual_network.main" in run.err
    assert "llmops infra destroy" in run.err


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_a_dry_run_only_shows(applied: Site, command: str) -> None:
    applied.add_top("monthly_budget = 200\n")
    applied.world.changes.clear()
    run = applied.project.ok("--json", "infra", command, "--dry-run")
    assert run.document["changes"]
    assert applied.world.changes == []


def test_a_plan_names_what_changes_and_what_forces_a_replacement(applied: Site) -> None:
    toml = applied.toml.replace('location = "westeurope"', 'location = "northeurope"')
    applied.project.write("llmops.toml", toml)
    applied.add_top("monthly_budget = 200\n")
    run = applied.project.ok("infra", "plan")
    assert "± replace  azurerm_resource_group.main  (location)" in run.out
    assert "~ update   azurerm_consumption_budget_resource_group.main[0]" in run.out
    assert "amount" in run.out


def test_verbose_shows_the_whole_plan(applied: Site) -> None:
    applied.add_top("monthly_budget = 200\n")
    assert "100 -> 200" in applied.project.ok("--verbose", "infra", "plan").out


def test_each_resource_is_told_as_it_is_changed(applied: Site) -> None:
    applied.add_top("monthly_budget = 200\n")
    run = applied.project.ok("--verbose", "infra", "apply", "--yes")
    assert "azurerm_consumption_budget_resource_group.main[0]: changing" in run.err
    assert "azurerm_consumption_budget_resource_group.main[0]: changed in" in run.err


def test_files_that_the_operator_changed_stay(applied: Site) -> None:
    own = applied.folder / "alerts.tf"
    own.write_text(own.read_text() + "\n# Ours.\n")
    applied.project.ok("infra", "plan")
    assert own.read_text().endswith("# Ours.\n")


def test_a_target_that_needs_none_says_so(tmp_path) -> None:
    project = make_project(tmp_path / "chat")
    run = project.llmops("infra", "plan")
    assert run.status == 4, run.said
    assert "stand on nothing that llmops makes" in run.err


def test_a_target_without_settings_for_it_says_what_to_add(tmp_path) -> None:
    project = make_project(tmp_path / "chat", target="[targets.azure]\n")
    run = project.llmops("infra", "plan", "-t", "azure")
    assert run.status == 4, run.said
    assert "[targets.azure.infra]" in run.err


def test_a_target_without_a_subscription_says_where_to_find_it(tmp_path) -> None:
    target = '[targets.azure]\n[targets.azure.infra]\nlocation = "westeurope"\n'
    run = make_project(tmp_path / "chat", target=target).llmops("infra", "plan", "-t", "azure")
    assert run.status == 4, run.said
    assert "az account show" in run.err
