"""Deploys to Cloud Run through the real command line."""

import json

from tests.project import API_KEY
from tests.targets.gcp_run.stage import Stage, error_of


def test_the_first_deploy_makes_the_service_whole(empty: Stage) -> None:
    run = empty.project.ok("deploy", "--json")
    (release,) = empty.commits
    assert run.document["release"]["id"] == release
    assert empty.run.serving == release
    service = empty.run.service
    assert service is not None
    template = service.wanted["template"]
    (container,) = template["containers"]
    plain = {one["name"]: one.get("value") for one in container["env"]}
    secret = {one["name"]: one.get("valueSource") for one in container["env"]}
    assert container["image"] == empty.project.images[release]
    assert plain["LLMOPS_RELEASE"] == release
    assert secret["LLMOPS_API_KEY"] == {
        "secretKeyRef": {"secret": "demo-LLMOPS_API_KEY", "version": "1"}
    }
    assert container["startupProbe"]["httpGet"]["path"] == "/health/live"
    assert container["livenessProbe"]["httpGet"]["path"] == "/health/live"
    assert container["resources"]["startupCpuBoost"] is True
    assert float(plain["LLMOPS_DRAIN_SECONDS"] or 0) < 10
    assert service.wanted["invokerIamDisabled"] is True
    assert empty.tags == []
    assert API_KEY not in str(service.wanted)


def test_a_first_release_that_does_not_come_up_leaves_no_service(empty: Stage) -> None:
    empty.cloud.containers.refuses = lambda image: "manifest unknown"
    run = empty.project.llmops("deploy", "--json")
    assert run.status == 8
    assert "CONTAINER_MISSING" in error_of(run)["evidence"]
    assert "Nothing was serving before" in error_of(run)["state"]
    assert empty.run.service is None


def test_a_release_is_checked_at_its_tag_before_anybody_is_sent_to_it(live: Stage) -> None:
    live.configure(traffic_steps="[20, 100]", step_seconds="0.1")
    run, counted = live.project.asked("deploy")
    assert live.traffic == {live.commits[-1]: 100}
    assert live.tags == []
    moved = [
        call.body for call in live.cloud.requests if call.operation == "Services.UpdateService"
    ]
    shares = [{one.get("percent", 0) for one in body["traffic"]} for body in moved]
    assert shares == [{100, 0}, {80, 20, 0}, {100, 0}, {100}]
    assert all(body["etag"] for body in moved)
    assert "20 % of the traffic" in run.err
    assert counted["Services.UpdateService"] == 4


def test_traffic_that_somebody_else_has_moved_stays_where_it_is(live: Stage) -> None:
    service = live.run.service
    assert service is not None
    service.wanted["traffic"] = [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "percent": 100}]
    service.shares = [service._share(one) for one in service.wanted["traffic"]]
    assert "follows the latest" in live.status()["trouble"]
    live.project.ok("deploy")
    kinds = {one["type"] for one in service.wanted["traffic"]}
    assert kinds == {"TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"}
    assert live.traffic == {live.commits[-1]: 100}


def test_what_a_killed_run_has_moved_is_moved_back_first(live: Stage) -> None:
    third = live.commits[-1]
    second = live.commits[-2]
    live.project.ok("deploy")
    # As if the deploy of the third had been killed before it was on record.
    objects = live.cloud.storage.objects
    (key,) = [key for key in objects if key[1].endswith("ledger.json")]
    revisions = {one.release: one.last for one in live.run.service.revisions.values()}  # type: ignore[union-attr]
    ledger = json.loads(objects[key].content)
    ledger["live"] = second
    ledger["entries"] = [one for one in ledger["entries"] if one["release"] != third]
    ledger["pending"] = {
        "revision": revisions[third],
        "release": third,
        "traffic before": json.dumps({revisions[second]: 100}),
    }
    objects[key].content = json.dumps(ledger).encode()
    live.project.change("Fourth.")
    live.cloud.containers.refuses = lambda image: "manifest unknown"
    run = live.project.llmops("deploy", "--json")
    assert run.status == 8
    assert live.traffic == {second: 100}
