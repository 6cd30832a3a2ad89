"""Back, stopped, started, looked at: an endpoint of Vertex AI after its deploys."""

from tests.targets.gcp_vertex.stage import Stage, error_of


def test_a_rollback_to_what_is_deployed_is_a_change_of_traffic(live: Stage) -> None:
    first, second, _ = live.commits
    assert live.serving == second
    _, asked = live.project.asked("rollback")
    assert live.serving == first
    assert not {"ModelService.UploadModel", "EndpointService.DeployModel"} & set(asked)


def test_a_rollback_to_what_was_undeployed_deploys_its_version_again(live: Stage) -> None:
    first = live.commits[0]
    live.configure(warm_seconds=0)
    live.project.ok("deploy")
    assert first not in live.cloud.vertex.deployed
    _, asked = live.project.asked("rollback", first)
    assert live.serving == first
    assert (asked["EndpointService.DeployModel"], asked["ModelService.UploadModel"]) == (1, 0)


def test_what_is_stopped_is_undeployed_and_comes_back(live: Stage) -> None:
    live.project.ok("stop", "--yes")
    assert live.cloud.vertex.deployed == set()
    assert "llmops start" in live.project.llmops("status").said
    live.project.ok("start")
    assert live.serving == live.commits[1]


def test_traffic_that_somebody_moved_by_hand_is_told_with_the_way_back(live: Stage) -> None:
    first, second, _ = live.commits
    endpoint = live.cloud.vertex.endpoint
    ids = {one.release: id for id, one in endpoint.deployed.items()}
    endpoint.give({ids[first]: 100})
    said = live.project.llmops("status").said
    assert "The traffic is not where it was put" in said
    live.project.ok("rollback", second)
    assert live.serving == second


def test_status_says_what_is_paid_for(live: Stage) -> None:
    facts = live.status()["facts"]
    assert facts["paid for"].startswith("2 deployed models")
    assert live.commits[0] in facts["warm"]


def test_releases_and_names_are_kept(live: Stage) -> None:
    live.project.ok("deploy", "--name", "spring")
    live.project.ok("rollback", live.commits[0])
    live.project.ok("rollback", "spring")
    assert live.serving == live.commits[2]


def test_a_log_is_that_of_what_has_the_traffic(live: Stage) -> None:
    vertex = live.cloud.vertex
    for deployed in vertex.endpoint.deployed.values():
        live.cloud.logging.write(
            f"said by {deployed.release}",
            kind="aiplatform.googleapis.com/Endpoint",
            labels={"endpoint_id": vertex.endpoint.id},
            own_labels={"deployed_model_id": deployed.id},
        )
    said = live.project.ok("logs").out
    assert f"said by {live.commits[1]}" in said
    assert f"said by {live.commits[0]}" not in said


def test_a_release_that_fails_its_checks_never_has_more_than_its_share(live: Stage) -> None:
    asked = '[[prompt]]\nname = "word"\nprompt = "Say hello."\ncontains = "never said"\n'
    live.project.write("evals/word.toml", asked)
    live.project.commit("Ask for what it does not say")
    run = live.project.llmops("deploy", "--json")
    assert run.status == 8
    assert error_of(run)["message"]
    assert live.serving == live.commits[1]
    shares = [
        max(call.body.get("endpoint", call.body)["trafficSplit"].values())
        for call in live.cloud.requests
        if call.operation == "EndpointService.UpdateEndpoint"
    ]
    assert shares == [80, 100]
