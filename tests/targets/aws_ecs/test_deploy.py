"""A deploy to ECS registers a task definition, checks its tasks, and gives them the traffic."""

import json

from tests.fakes.call import Call
from tests.targets.aws_ecs.stage import KEY, Stage, error_of
from tests.waiting import eventually


def test_a_first_deploy_takes_over_the_service_that_terraform_made(empty: Stage) -> None:
    run = empty.project.ok("deploy", "--json")
    [release] = empty.commits
    assert run.document["release"]["id"] == release
    assert empty.cloud.ecs.serving == release
    [asked] = empty.begun
    assert asked["desiredCount"] == 1
    # Whoever made the service left scaling suspended: there was nothing to scale.
    assert not empty.cloud.scaling.is_suspended


def test_nobody_sees_a_release_before_it_is_checked(live: Stage) -> None:
    _first, second, third = live.commits
    seen: list[str | None] = []
    live.cloud.faults.on(
        "ecs.ContinueServiceDeployment",
        lambda call: seen.append(live.cloud.ecs.serving),
        times=None,
    )
    live.project.ok("deploy")
    # The first word lets the traffic move, the second lets the old tasks go.
    assert seen == [second, third]
    [asked] = live.begun
    configuration = asked["deploymentConfiguration"]
    assert configuration["strategy"] == "BLUE_GREEN"
    [hook] = configuration["lifecycleHooks"]
    assert hook["lifecycleStages"] == ["POST_TEST_TRAFFIC_SHIFT", "POST_PRODUCTION_TRAFFIC_SHIFT"]
    # Were we killed, AWS would take back what nobody decides on.
    assert hook["timeoutConfiguration"]["action"] == "ROLLBACK"
    # Nobody else's deployment is to wait for our word afterwards.
    assert live.cloud.ecs.service.document["deploymentConfiguration"]["lifecycleHooks"] == []


def test_a_release_that_is_live_is_not_deployed_again(live: Stage) -> None:
    live.project.ok("deploy")
    before = len(live.begun)
    assert live.project.ok("deploy", "--json").document["changed"] is False
    assert len(live.begun) == before


def test_releases_roll_where_there_is_no_test_listener(rolling: Stage) -> None:
    release = rolling.commits[-1]
    run = rolling.project.ok("deploy", "--json")
    assert run.document["release"]["id"] == release
    assert rolling.cloud.ecs.serving == release
    [asked] = rolling.begun[-1:]
    configuration = asked["deploymentConfiguration"]
    assert configuration["strategy"] == "ROLLING"
    assert configuration["lifecycleHooks"] == []
    assert configuration["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert rolling.asked("ecs.ContinueServiceDeployment") == []


def test_a_release_that_fails_its_checks_is_taken_back_unseen(live: Stage) -> None:
    _first, second, third = live.commits
    live.script(third, environment={"LLMOPS_RELEASE": "another"})
    seen: list[str | None] = []
    live.cloud.faults.on(
        "ecs.ContinueServiceDeployment",
        lambda call: seen.append(live.cloud.ecs.serving),
        times=None,
    )
    run = live.project.llmops("deploy", "--json")
    assert run.status == 8, run.said
    assert f"{second} is serving" in error_of(run)["state"]
    assert live.cloud.ecs.serving == second
    assert [call["action"] for call in live.asked("ecs.ContinueServiceDeployment")] == ["ROLLBACK"]
    assert seen == [second]
    # Nothing is left of it: no later deployment waits for our word, its task definition is out of
    # service, and scaling goes on.
    assert not live.cloud.ecs.service.document["deploymentConfiguration"]["lifecycleHooks"]
    assert len(live.asked("ecs.DeregisterTaskDefinition")) == 1
    assert not live.cloud.scaling.is_suspended


def test_a_rolling_release_that_does_not_start_gives_its_place_back(rolling: Stage) -> None:
    rolling.project.ok("deploy")
    before = rolling.cloud.ecs.serving
    bad = rolling.project.change("Bad.")
    rolling.script(bad, "crashes", log="no such model\n")
    run = rolling.project.llmops("deploy", "--json")
    assert run.status == 8, run.said
    evidence = error_of(run)["evidence"]
    assert "EssentialContainerExited" in evidence
    assert "no such model" in evidence
    assert rolling.cloud.ecs.serving == before
    assert not rolling.cloud.scaling.is_suspended


def test_scaling_is_suspended_while_a_release_moves(live: Stage) -> None:
    seen: list[bool] = []

    def look(call: Call) -> None:
        seen.append(live.cloud.scaling.is_suspended)

    live.cloud.faults.on("ecs.UpdateService", look)
    live.cloud.faults.on("ecs.ContinueServiceDeployment", look, times=None)
    live.project.ok("deploy")
    assert seen == [True, True, True]
    assert not live.cloud.scaling.is_suspended


def test_a_deploy_keeps_as_many_tasks_as_there_are(live: Stage) -> None:
    live.cloud.ecs.service.document["desiredCount"] = 2
    live.project.ok("deploy")
    [asked] = live.begun
    assert asked["desiredCount"] == 2


def test_secrets_are_references_to_a_version_and_never_values(live: Stage) -> None:
    live.project.ok("deploy")
    [asked] = live.asked("ecs.RegisterTaskDefinition")
    [container] = asked["containerDefinitions"]
    kept = live.cloud.secrets.kept[KEY]
    [version] = kept.versions
    assert container["secrets"] == [
        {"name": "LLMOPS_API_KEY", "valueFrom": f"{kept.arn}:::{version}"}
    ]
    assert kept.versions[version].value not in json.dumps(asked)
    assert container["image"] == live.project.images[live.commits[2]]


def test_a_watched_release_that_stops_answering_gives_the_traffic_back(live: Stage) -> None:
    release, second = live.configure(bake_seconds=30), live.commits[1]
    words: list[str] = []

    def spoil(call: Call) -> None:
        words.append(call.operation)

    def watched(call: Call) -> None:
        # From the moment that it is watched it answers nobody, as a process that hangs.
        if words:
            for task in live.cloud.ecs.revision_of(release).tasks:
                task.manner = "silent"

    live.cloud.faults.on("ecs.ContinueServiceDeployment", spoil)
    live.cloud.faults.on("s3.*", watched, times=None)
    run = live.project.llmops("deploy", "--json")
    assert run.status == 8, run.said
    assert live.cloud.ecs.serving == second


def test_two_operators_do_not_deploy_at_once(live: Stage) -> None:
    first = live.project.popen("deploy")
    eventually(lambda: any(key.endswith("lock.json") for key in live.records()))
    other = live.project.llmops("deploy", "--json")
    assert other.status == 6, other.said
    assert "llmops deploy" in error_of(other)["evidence"]
    first.communicate()
    assert live.cloud.ecs.serving == live.commits[2]
    assert len(live.begun) == 1


def test_a_service_that_would_fail_a_deploy_is_found_before_anything_is_touched(
    live: Stage,
) -> None:
    document = live.cloud.ecs.service.document
    document["healthCheckGracePeriodSeconds"] = 0
    document["loadBalancers"][0]["containerPort"] = 9000
    run = live.project.llmops("deploy", "--json")
    assert run.status == 4, run.said
    evidence = error_of(run)["evidence"]
    assert "forgives failed health checks for 0 s" in evidence
    assert "sends requests to port 9000" in evidence
    assert live.changes == []


def test_a_rolling_release_is_said_to_be_checked_where_it_is(rolling: Stage) -> None:
    out = rolling.project.ok("deploy", "--dry-run").out
    assert f"Check {rolling.commits[-1]} at its public address" in out


def test_a_dry_run_changes_nothing(live: Stage) -> None:
    out = live.project.ok("deploy", "--dry-run").out
    assert "Register a task definition of" in out
    assert "beside the live one" in out
    assert f"Check {live.commits[-1]} at the test listener" in out
    assert "Give the traffic to" in out
    assert live.changes == []
