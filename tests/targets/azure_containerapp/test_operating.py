"""Looking at an app, its log, starting and stopping it."""

import json

from tests.targets.azure_containerapp.stage import KIND, Stage
from tests.targets.azure_containerapp.test_deploy import changes
from tests.waiting import eventually


def test_status_says_what_serves_and_what_it_can_go_back_to(live: Stage) -> None:
    found = live.status()
    first, second, _third = live.commits
    assert found["live"]["id"] == second
    assert found["previous"] == first
    assert found["trouble"] == ""
    assert changes(live) == []


def test_traffic_that_somebody_moved_is_trouble_with_a_remedy(live: Stage) -> None:
    first, second, _third = live.commits
    live.app.give_all_to(first)
    run = live.project.llmops("status", "--json")
    found = run.document
    assert found["live"]["id"] == first
    assert f"not {second} 100 %" in found["trouble"]
    assert found["next"] == f"llmops rollback {second}"
    live.project.ok("rollback", second)
    assert live.app.serving == second


def test_single_revision_mode_is_trouble_and_a_deploy_mends_it(live: Stage) -> None:
    live.app.configuration["activeRevisionsMode"] = "Single"
    assert "single revision mode" in live.project.llmops("status", "--json").document["trouble"]
    live.project.ok("deploy")
    assert live.app.configuration["activeRevisionsMode"] == "Multiple"
    assert live.app.serving == live.commits[2]


def test_releases_are_read_from_revisions_where_the_tags_are_gone(live: Stage) -> None:
    assert live.app.document is not None
    live.app.document["tags"] = {"team": "demo"}
    first, second, third = live.commits
    found = live.project.ok("releases", "--json").document
    assert found["live"] == second
    assert [release["id"] for release in found["releases"]] == [second, first]
    assert found["releases"][0]["secret_versions"].keys() == {"LLMOPS_API_KEY"}
    live.project.ok("deploy")
    assert live.app.revision_of(third).name.endswith("-3")


def test_a_stopped_app_starts_again_with_its_release(live: Stage) -> None:
    live.project.ok("stop", "--yes")
    assert live.app.is_stopped
    stopped = live.project.llmops("status", "--json").document
    assert stopped["live"] is None
    assert stopped["next"] == "llmops start"
    live.project.ok("start")
    assert live.app.serving == live.commits[1]


def test_the_log_of_the_live_release_is_read_and_followed(live: Stage) -> None:
    eventually(lambda: live.project.llmops("status").status == 0)
    lines = live.project.ok("logs", "-n", "3").out.splitlines()
    assert 0 < len(lines) <= 3
    assert live.commits[1] in lines[-1]
    following = live.project.popen("logs", "-n", "1", "--follow")
    assert following.stdout is not None
    assert live.commits[1] in following.stdout.readline()
    following.kill()
    following.communicate()


def test_a_render_shows_the_change_and_no_secret(live: Stage) -> None:
    live.project.ok("render", "--output", str(live.project.root / ".llmops" / "out"))
    text = (live.project.root / ".llmops" / "out" / "containerapp.json").read_text()
    body = json.loads(text)["properties"]
    assert body["template"]["containers"][0]["env"][0]["value"] == live.commits[2]
    assert "keyVaultUrl" in text
    assert all(one.value not in text for one in live.vault.kept["llmops-api-key"].versions)


def test_a_dry_run_changes_nothing(live: Stage) -> None:
    out = live.project.ok("deploy", "--dry-run", "-t", KIND).out
    assert "Make a revision of" in out
    assert "Give 100 % of the traffic" in out
    assert changes(live) == []
