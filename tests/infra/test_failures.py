"""What stops an apply half-way, who else is at work, and what is then said."""

import json
import os
import signal
import threading

import pytest

from tests.cli.terminal import ended, spawn
from tests.infra.site import Site
from tests.project import SECONDS


def test_an_apply_that_fails_half_way_says_what_is_left_and_the_next_one_finishes(
    applied: Site,
) -> None:
    applied.project.ok("infra", "destroy", "--yes")
    applied.world.fails["vnet-chat-azure"] = "QuotaExceeded: no more networks in this region"
    run = applied.project.llmops("--json", "infra", "apply", "--yes")
    assert run.status == 8, run.said
    error = run.document["error"]
    assert "QuotaExceeded: no more networks" in error["evidence"]
    assert "azurerm_virtual_network.main" in error["evidence"]
    made = sum(action == "create" for action, _, _ in applied.world.changes)
    assert "changes were made. Left: " in error["state"]
    assert "azurerm_virtual_network.main" in error["state"]
    assert "azurerm_resource_group.main" not in error["state"]
    assert made > 1
    assert "llmops infra apply" in error["next"]
    applied.world.fails.clear()
    applied.project.ok("infra", "apply", "--yes")
    assert applied.project.llmops("infra", "plan", "--detailed-exitcode").status == 0


def test_a_first_apply_whose_account_cannot_be_made_is_finished_by_the_next(site: Site) -> None:
    site.world.fails["tfstate"] = "InternalServerError"
    run = site.project.llmops("infra", "apply", "--yes")
    assert run.status == 8, run.said
    assert "3 of 4 changes were made" in run.err
    site.world.fails.clear()
    site.project.ok("infra", "apply", "--yes")
    groups = [change for change in site.world.changes if change[2] == "rg-chat-azure-state"]
    assert groups == [("create", "azurerm_resource_group", "rg-chat-azure-state")]


def test_a_lock_that_somebody_holds_is_told_with_who_and_since_when(applied: Site) -> None:
    applied.blobs.lock("azure.tfstate", "maria@build-7")
    applied.world.changes.clear()
    run = applied.project.llmops("--json", "infra", "apply", "--yes")
    assert run.status == 6, run.said
    error = run.document["error"]
    assert "maria@build-7" in error["message"]
    assert "2026-11-21 10:00:00" in error["message"]
    assert "force-unlock 5c0ffee5-0000-4000-8000-000000000000" in error["next"]
    assert applied.world.changes == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_work_in_order_and_frees_the_lock(
    applied: Site, number: signal.Signals
) -> None:
    applied.add_top("monthly_budget = 200\n")
    reached = threading.Event()

    def hold(kind: str, name: str) -> None:
        reached.set()
        assert applied.world.stopped.wait(SECONDS)

    applied.world.before = hold
    process = applied.project.popen("--json", "infra", "apply", "--yes")
    assert reached.wait(SECONDS)
    assert applied.blobs.locked
    process.send_signal(number)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 130, out + err
    error = json.loads(out)["error"]
    assert "0 of 1 changes were made. Left: azurerm_consumption_budget" in error["state"]
    assert "The lock is released." in error["state"]
    assert applied.blobs.locked == []
    applied.world.before = lambda kind, name: None
    applied.world.stopped.clear()
    applied.project.ok("infra", "apply", "--yes")
    budget = applied.world.the("azurerm_consumption_budget_resource_group")
    assert budget["amount"] == 200


def test_without_terraform_it_says_how_to_get_it(site: Site) -> None:
    site.project.environment["PATH"] = str(site.project.root)
    for command in ("plan", "apply"):
        run = site.project.llmops("infra", command, *(["--yes"] if command == "apply" else []))
        assert run.status == 4, run.said
        assert "Neither terraform nor tofu is installed." in run.err
        assert "developer.hashicorp.com/terraform/install" in run.err
    assert site.world.changes == []


def test_a_state_that_we_may_not_read_is_a_matter_of_access(applied: Site) -> None:
    applied.blobs.refusals = [(403, "AuthorizationPermissionMismatch")] * 99
    run = applied.project.llmops("infra", "plan")
    assert run.status == 5, run.said
    assert "AuthorizationPermissionMismatch" in run.err
    assert "az login" in run.err


def test_a_right_that_is_missing_half_way_is_a_matter_of_access_too(applied: Site) -> None:
    applied.add_top("monthly_budget = 200\n")
    applied.world.fails["budget-chat-azure"] = (
        "unexpected status 403 (403 Forbidden) with error: AuthorizationFailed: The client does "
        "not have authorization to perform action 'Microsoft.Consumption/budgets/write'"
    )
    run = applied.project.llmops("infra", "apply", "--yes")
    assert run.status == 5, run.said
    assert "Microsoft.Consumption/budgets/write" in run.err
    assert "0 of 1 changes were made" in run.err


def test_a_description_that_is_wrong_is_told_with_its_place(applied: Site) -> None:
    (applied.folder / "own.tf").write_text(
        'resource "azurerm_resource_group" "own" {\n  nam = "x"\n}\n'
    )
    run = applied.project.llmops("infra", "plan")
    assert run.status == 4, run.said
    assert "Unsupported argument" in run.err
    assert "infra/azure" in run.err


def test_a_plan_that_somebody_overtook_is_not_applied(applied: Site) -> None:
    applied.add_top("monthly_budget = 200\n")
    applied.world.changes.clear()
    applied.project.environment["TERM"] = "xterm"
    run = spawn(applied.project, "infra", "apply", **{**os.environ, **applied.project.environment})
    run.expect("Apply this to azure")
    [state] = [blob for path, blob in applied.blobs.held.items() if path.endswith("/azure.tfstate")]
    document = json.loads(state.content)
    document["serial"] += 1
    state.content = json.dumps(document).encode()
    run.sendline("y")
    status, text = ended(run)
    assert status == 8, text
    assert "Saved plan is stale" in text
    assert applied.world.changes == []


def test_what_the_operator_declines_is_not_done(applied: Site) -> None:
    applied.add_top("monthly_budget = 200\n")
    applied.world.changes.clear()
    run = spawn(applied.project, "infra", "apply", **{**os.environ, **applied.project.environment})
    run.expect("Apply this to azure")
    run.sendline("n")
    status, text = ended(run)
    assert status == 130, text
    assert applied.world.changes == []


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_without_a_terminal_a_change_must_be_confirmed_by_a_flag(
    applied: Site, command: str
) -> None:
    applied.world.changes.clear()
    run = applied.project.llmops("infra", command)
    assert run.status == 2, run.said
    assert f"llmops infra {command} --yes" in run.err
    assert applied.world.changes == []
