"""Looking at an app on App Service, and what is done to it besides deploys."""

import json
from collections.abc import Callable

import pytest

from tests.fakes.call import Call
from tests.project import API_KEY
from tests.targets.azure_webapp.stage import Stage

_CHANGES = ("PUT", "PATCH", "DELETE")


def changes(calls: list[Call]) -> list[str]:
    """The operations among them that change something."""
    return [call.operation for call in calls if call.method in _CHANGES]


def test_status_tells_what_serves_and_what_the_slot_holds(live: Stage) -> None:
    first, second, _third = live.commits
    found = live.status()
    assert found["live"]["id"] == found["recorded"]["id"] == found["answers"] == second
    assert found["previous"] == first
    assert found["ready"] == "passed"
    assert found["trouble"] == ""
    assert found["facts"]["slot"] == f"staging holds {first}, running"
    assert found["facts"]["plan"] == "Standard S1"
    assert found["facts"]["drain"] == "115 s, the most that App Service gives a container"
    assert "@sha256:" in found["facts"]["image"]
    assert "the client secret of the application" in found["facts"]["asked as"]


def test_status_tells_of_a_swap_by_hand_and_the_remedy_mends_it(live: Stage) -> None:
    first, second, _third = live.commits
    live.app._exchange()
    found = live.status()
    assert (found["live"]["id"], found["recorded"]["id"]) == (first, second)
    assert f"{first} was swapped in place of {second}" in found["trouble"]
    assert found["next"] == f"llmops rollback {second}"
    live.project.ok(*found["next"].split()[1:])
    assert live.app.serving == second
    assert live.status()["trouble"] == ""


def test_status_tells_of_edits_in_the_portal_and_a_deploy_mends_them(live: Stage) -> None:
    live.project.git("checkout", "-q", "HEAD~1")
    live.app.portal(live.app.production, LLMOPS_STATUS_WORD="edited")
    found = live.status()
    assert "LLMOPS_STATUS_WORD" in found["trouble"]
    assert found["next"] == "llmops deploy"
    live.project.ok("deploy")
    assert live.status()["trouble"] == ""
    assert live.app.production.settings["LLMOPS_STATUS_WORD"] != "edited"


def test_status_tells_of_another_image(live: Stage) -> None:
    live.app.production.configuration["linuxFxVersion"] = "DOCKER|nginx:1.27"
    assert "nginx:1.27" in live.status()["trouble"]


def test_status_tells_of_a_crash_loop_that_azure_calls_running(live: Stage) -> None:
    live.app.production.shares()
    serving = live.app.production.serving
    assert serving is not None
    serving.stop()
    found = live.status()
    assert found["live"] is None
    assert "ends again and again" in found["trouble"]
    assert found["next"] == "llmops logs"


def test_a_stopped_app_is_told_and_started_again(live: Stage) -> None:
    second = live.commits[1]
    said = live.project.ok("stop", "--yes").said
    assert "costs the same" in said
    assert live.app.serving is None
    found = live.status()
    assert found["trouble"] == "The app is stopped."
    assert found["next"] == "llmops start"
    live.project.ok("start")
    assert live.app.serving == second
    assert live.app.slot.state == "Running"


def test_a_dry_run_and_render_change_nothing(live: Stage) -> None:
    second, third = live.commits[1:]
    plan = live.project.ok("deploy", "--dry-run", "--json").document
    titles = [step["title"] for step in plan["steps"]]
    assert f"Swap production, now {second}, and the slot, now {third}" in titles
    text = live.project.ok("render", "--json").out
    assert changes(live.cloud.requests) == []
    assert API_KEY not in text
    assert live.app.serving == second


def test_render_shows_what_app_service_is_sent(live: Stage) -> None:
    live.project.ok("render", "--output", str(live.project.root / "out"))
    folder = live.project.root / "out" / "app-service"
    settings = json.loads((folder / "appsettings.json").read_text())["properties"]
    assert settings["WEBSITES_PORT"] == "8000"
    assert settings["LLMOPS_API_KEY"].startswith("@Microsoft.KeyVault(SecretUri=")
    configured = json.loads((folder / "config-web.json").read_text())["properties"]
    assert configured["linuxFxVersion"].startswith("DOCKER|")
    assert configured["acrUseManagedIdentityCreds"] is True
    assert json.loads((folder / "site.json").read_text())["properties"]["httpsOnly"] is True


def test_logs_are_those_of_production(live: Stage) -> None:
    live.app.production.lines[:] = [f"line {number}" for number in range(30)]
    lines = live.project.ok("logs", "--lines", "100000").out.splitlines()
    assert "line 29" in lines
    live.app.production.logs = False
    run = live.project.llmops("logs")
    assert run.status == 4
    assert "az webapp log config" in run.said


def test_names_are_given_and_taken_away(live: Stage) -> None:
    first = live.commits[0]
    live.project.ok("releases", "--name", f"{first}=stable")
    listed = live.project.ok("releases", "--json").document["releases"]
    assert {each["id"]: each["names"] for each in listed}[first] == ["stable"]
    run = live.project.ok("rollback", "stable", "--json")
    assert run.document["release"]["id"] == first
    live.project.ok("releases", "--unname", "stable")
    assert live.project.llmops("releases", "--unname", "stable").status == 11


def test_a_plan_without_slots_is_changed_in_place_and_says_so(live_in_place: Stage) -> None:
    app, third = live_in_place.app, live_in_place.commits[2]
    plan = live_in_place.project.ok("deploy", "--dry-run").out
    assert "in place, which is not without downtime" in plan
    live_in_place.project.ok("deploy")
    assert app.serving == third
    assert app.swaps == 0
    assert "not without downtime" in live_in_place.status()["facts"]["downtime"]
    live_in_place.project.ok("rollback")
    assert app.serving == live_in_place.commits[1]


@pytest.mark.parametrize("tier", ["Free", "Basic"])
def test_a_first_deploy_in_place_works_on_small_plans(
    stage_of: Callable[..., Stage], tier: str
) -> None:
    stage = stage_of(tier=tier, has_slot=False)
    stage.project.ok("deploy")
    assert stage.app.serving == stage.commits[0]
    assert stage.app.production.configuration["alwaysOn"] is (tier == "Basic")


def test_a_release_that_stays_in_service_while_it_is_watched_is_put_on_record(live: Stage) -> None:
    release = _watched(live, seconds=0.5)
    run = live.project.ok("deploy")
    assert f"Watch {release} for 0.5 s" in run.err
    assert live.status()["recorded"]["id"] == live.app.serving == release


def test_a_release_that_ends_while_it_is_watched_is_taken_back(live: Stage) -> None:
    before = live.app.serving
    release = _watched(live, seconds=30)
    deploying = live.project.popen("deploy")
    assert deploying.stderr is not None
    said: list[str] = []
    for line in deploying.stderr:
        said.append(line)
        if f"Watch {release}" in line:
            live.app.production.shares()
            serving = live.app.production.serving
            assert serving is not None
            serving.stop()
    deploying.communicate()
    assert deploying.returncode == 8, "".join(said)
    assert f"{release} did not stay in service." in "".join(said)
    assert live.app.serving == before
    assert live.locks == []


def _watched(live: Stage, *, seconds: float) -> str:
    file = live.project.root / "llmops.toml"
    table = "[targets.azure]\n"
    text = file.read_text().replace(table, f"{table}bake_seconds = {seconds:g}\n")
    live.project.write("llmops.toml", text)
    return live.project.commit("Watch it")
