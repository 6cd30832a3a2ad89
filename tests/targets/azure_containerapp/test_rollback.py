"""Going back to a kept release: a change of traffic, as long as its revision is there."""

from tests.fakes.call import Call
from tests.targets.azure_containerapp.stage import Stage, error_of
from tests.targets.azure_containerapp.test_deploy import changes, traffic_of


def test_a_rollback_to_a_warm_release_is_one_change_of_traffic(live: Stage) -> None:
    first, second, _third = live.commits
    old, new = live.app.revision_of(first), live.app.revision_of(second)
    starts = old.starts
    _run, counted = live.project.asked("rollback")
    assert live.app.serving == first
    moved = [traffic for traffic in map(traffic_of, changes(live)) if traffic is not None]
    assert [{s["revisionName"]: s["weight"] for s in one} for one in moved] == [{old.name: 100}]
    assert not any("template" in (call.body.get("properties") or {}) for call in changes(live))
    assert counted["container_apps_revisions_activate_revision"] == 0
    assert old.starts == starts
    assert new.is_active


def test_a_rollback_to_a_stopped_release_starts_it_and_waits(live: Stage) -> None:
    first = live.commits[0]
    revision = live.app.revision_of(first)
    revision.stop()
    _run, counted = live.project.asked("rollback", first)
    assert live.app.serving == first
    assert counted["container_apps_revisions_activate_revision"] == 1
    assert len(live.app.revisions) == 3


def test_a_stopped_release_that_does_not_come_up_again_is_stopped_again(live: Stage) -> None:
    first, second, _third = live.commits
    revision = live.app.revision_of(first)
    revision.stop()
    live.cloud.containers.script(live.project.images[first].partition("@")[2], "crashes")
    run = live.project.llmops("rollback", "--json", first)
    assert run.status == 8, run.said
    assert not revision.is_active
    assert live.app.serving == second


def test_a_rollback_takes_over_from_a_release_that_somebody_stopped(live: Stage) -> None:
    first, second, _third = live.commits
    live.app.revision_of(second).stop()
    found = live.project.llmops("status", "--json").document
    assert found["live"] is None
    assert "was deactivated" in found["trouble"]
    live.project.ok("rollback", first)
    assert live.app.serving == first


def test_a_rollback_can_be_rolled_forward(live: Stage) -> None:
    first, second, _third = live.commits
    live.project.ok("rollback")
    assert live.app.serving == first
    live.project.ok("rollback", second)
    assert live.app.serving == second
    assert [kept["id"] for kept in releases(live)] == [second, first]


def test_a_rotated_secret_is_a_new_revision_with_its_own_secret(live: Stage) -> None:
    second = live.commits[1]
    live.project.git("reset", "-q", "--hard", second)
    before = live.app.configuration["secrets"]
    version = live.vault.put("llmops-api-key", "the-next-key-0123456789abcdef")
    live.project.ok("deploy")
    assert live.app.serving == f"{second}.2"
    names = [secret["name"] for secret in live.app.configuration["secrets"]]
    assert names == [before[0]["name"], f"llmops-api-key-{version.id[:8]}"]
    # Each release has the value that it ran with.
    keys = {
        one.release: one.container.environment["LLMOPS_API_KEY"]
        for one in live.app.revisions.values()
        if one.container and one.release
    }
    assert keys[f"{second}.2"] == "the-next-key-0123456789abcdef"
    live.project.ok("rollback", second)
    assert live.app.serving == second


def test_a_rollback_to_a_version_that_is_gone_is_refused_before_anything_is_touched(
    live: Stage,
) -> None:
    live.vault.kept["llmops-api-key"].versions.clear()
    live.vault.put("llmops-api-key", "the-next-key-0123456789abcdef")
    traffic = live.app.traffic
    run = live.project.llmops("rollback", "--json")
    assert run.status == 4, run.said
    assert "LLMOPS_API_KEY" in error_of(run)["evidence"]
    assert live.app.traffic == traffic
    assert all(set(call.body) == {"location", "tags"} for call in changes(live))


def test_an_unknown_release_is_named(live: Stage) -> None:
    run = live.project.llmops("rollback", "--json", "abcdef0")
    assert run.status == 11
    assert live.app.serving == live.commits[1]


def test_old_revisions_are_stopped_and_their_secrets_dropped(live: Stage) -> None:
    old = live.vault.version("llmops-api-key")
    assert old is not None
    name = f"llmops-api-key-{old.id[:8]}"
    live.vault.put("llmops-api-key", "the-next-key-0123456789abcdef")
    made = [live.configure(keep=1, warm_seconds=0)]
    live.project.ok("deploy")
    assert live.app.active == {made[0], "demo--first"}
    # The one before the live one, and one besides, use the old value still.
    assert [kept["id"] for kept in releases(live)] == [made[0], live.commits[1], live.commits[0]]
    assert name in secret_names(live)
    for text in ("Another.", "One more."):
        made.append(live.project.change(text))
        live.project.ok("deploy")
    assert [kept["id"] for kept in releases(live)] == made[::-1]
    assert name not in secret_names(live)
    assert live.app.active == {made[-1], "demo--first"}


def test_a_named_release_is_kept(live: Stage) -> None:
    first = live.commits[0]
    live.project.ok("releases", "--name", f"{first}=good-one")
    live.configure(keep=1, warm_seconds=0)
    for text in ("Another.", "One more.", "And one."):
        live.project.change(text)
        live.project.ok("deploy")
    assert first in [kept["id"] for kept in releases(live)]
    live.project.ok("rollback", "good-one")
    assert live.app.serving == first
    live.project.ok("releases", "--unname", "good-one")
    assert all(not kept["names"] for kept in releases(live))


def test_a_release_keeps_its_replicas_as_long_as_the_project_says(live: Stage) -> None:
    live.project.ok("deploy")
    assert live.app.active == {*live.commits, "demo--first"}


def releases(stage: Stage) -> list[dict[str, object]]:
    """What `llmops releases` lists."""
    found: list[dict[str, object]] = stage.project.ok("releases", "--json").document["releases"]
    return found


def secret_names(stage: Stage) -> set[str]:
    """The names of the app's secrets."""
    return {secret["name"] for secret in stage.app.configuration["secrets"]}


def is_change_of_template(call: Call) -> bool:
    """Whether a change makes a revision."""
    return "template" in (call.body.get("properties") or {})


def test_a_rotation_of_a_secret_is_a_release_of_its_own_that_can_be_gone_back_from(
    live: Stage,
) -> None:
    second = live.commits[1]
    live.project.ok("secrets", "rotate", "LLMOPS_API_KEY", "--generate")
    assert live.app.serving == f"{second}.2"
    assert len(live.app.configuration["secrets"]) == 2
    live.project.ok("rollback", second)
    assert live.app.serving == second
