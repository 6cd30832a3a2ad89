"""A deploy to Vertex AI: checked with a share of the traffic, then given all of it."""

import json

from tests.fakes.gcp.operations import Failure
from tests.project import API_KEY
from tests.targets.gcp_vertex.stage import Stage, error_of


def test_a_release_is_deployed_checked_with_a_share_and_then_has_all(live: Stage) -> None:
    run, asked = live.project.asked("deploy", "--json")
    assert live.serving == live.commits[-1] == run.document["release"]["id"]
    assert asked["ModelService.UploadModel"] == asked["EndpointService.DeployModel"] == 1
    # A share for the checks, and then all of it.
    assert asked["EndpointService.UpdateEndpoint"] == 2
    splits = [
        call.body["endpoint"]["trafficSplit"]
        if "endpoint" in call.body
        else call.body["trafficSplit"]
        for call in live.cloud.requests
        if call.operation == "EndpointService.UpdateEndpoint"
    ]
    assert [sorted(split.values()) for split in splits] == [[20, 80], [100]]
    # What was live stays deployed for a while, and what was live before that does not.
    live.cloud.operations.settle()
    assert live.cloud.vertex.deployed == {*live.commits[-2:]}


def test_no_secret_is_in_a_version_and_the_release_reads_it_itself(live: Stage) -> None:
    live.project.ok("deploy")
    uploaded = [
        json.dumps(call.body)
        for call in live.cloud.requests
        if call.operation == "ModelService.UploadModel"
    ]
    assert len(uploaded) == 1
    assert API_KEY not in uploaded[0]
    assert "/secrets/demo-LLMOPS_API_KEY/versions/1" in uploaded[0]
    # With the key that it read the release lets the smoke test in, and nobody without it.
    found = live.project.ok("smoke-test", "--json").document
    passed = {one["name"] for one in found["checks"] if one["verdict"] == "passed"}
    assert {"refuses-missing-credential", "chat", "streaming", "session-memory"} <= passed


def test_a_deployment_that_google_fails_leaves_the_old_one_serving(live: Stage) -> None:
    said = "Model server never became ready."
    live.cloud.vertex.next("DeployModel", Failure("FAILED_PRECONDITION", said))
    before = live.serving
    run = live.project.llmops("deploy", "--json")
    assert run.status == 8
    assert said in error_of(run)["evidence"]
    assert f"{before} is serving" in error_of(run)["state"]
    assert live.serving == before


def test_a_container_that_ends_is_told_with_its_log(live: Stage) -> None:
    image = live.project.images[live.commits[-1]]
    live.cloud.containers.script(image, "crashes", log="ValueError: no such model\n")
    run = live.project.llmops("deploy", "--json")
    assert run.status == 8
    assert "ValueError: no such model" in error_of(run)["evidence"]
    assert live.serving == live.commits[-2]


def test_a_quota_that_is_used_up_is_told_with_what_to_do(live: Stage) -> None:
    live.cloud.vertex.next(
        "DeployModel", Failure("RESOURCE_EXHAUSTED", "Quota exceeded: CustomModelServingCPUs.")
    )
    run = live.project.llmops("deploy", "--json")
    assert (run.status, live.serving) == (8, live.commits[-2])
    assert "quota" in error_of(run)["next"]


def test_a_plan_changes_nothing_and_shows_every_step(live: Stage) -> None:
    run, asked = live.project.asked("plan")
    assert f"Give 20 % of the traffic to {live.commits[-1]}" in run.out
    changing = {"UploadModel", "DeployModel", "UpdateEndpoint", "insert", "UndeployModel"}
    assert not {name.rpartition(".")[2] for name in asked} & changing


def test_an_endpoint_that_nobody_made_is_made(empty: Stage) -> None:
    empty.configure(endpoint='"chat-de"')
    _, asked = empty.project.asked("deploy")
    assert asked["EndpointService.CreateEndpoint"] == 1
    assert empty.status()["answers"] == empty.commits[-1]
