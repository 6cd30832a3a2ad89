"""Going back, stopping, naming and reading, on Cloud Run."""

from tests.targets.gcp_run.stage import Stage


def test_a_rollback_moves_traffic_and_makes_nothing(live: Stage) -> None:
    first, second, _third = live.commits
    service = live.run.service
    assert service is not None
    before = set(service.revisions)
    _run, counted = live.project.asked("rollback")
    assert live.traffic == {first: 100}
    assert set(service.revisions) == before
    assert counted["Services.UpdateService"] == 3
    status = live.status()
    assert status["live"]["id"] == first
    assert status["previous"] == second


def test_a_stopped_service_has_no_instances_until_it_is_started(live: Stage) -> None:
    live.project.ok("stop", "--yes")
    service = live.run.service
    assert service is not None
    assert service.wanted["scaling"]["scalingMode"] == "MANUAL"
    assert not service.wanted["scaling"].get("manualInstanceCount")
    assert "stopped by an operator" in live.status()["trouble"]
    live.project.ok("start")
    assert service.wanted["scaling"]["scalingMode"] == "AUTOMATIC"
    assert live.status()["trouble"] == ""


def test_the_log_is_that_of_the_live_release(live: Stage) -> None:
    service = live.run.service
    assert service is not None
    for revision in service.revisions.values():
        labels = {
            "service_name": "demo",
            "revision_name": revision.last,
            "location": live.cloud.location,
        }
        live.cloud.logging.write(
            f"line of {revision.release}", kind="cloud_run_revision", labels=labels
        )
    assert live.project.ok("logs").out.splitlines()[-1] == f"line of {live.commits[1]}"


def test_what_is_kept_can_be_named_and_found_by_its_name(live: Stage) -> None:
    live.project.ok("deploy", "--name", "blue")
    live.project.ok("rollback", live.commits[1])
    live.project.ok("rollback", "blue")
    assert live.run.serving == live.commits[2]
