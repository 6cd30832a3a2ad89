"""Looking at a service, its log, starting and stopping it."""

import json

from tests.fakes.aws.ecs_task import Stop
from tests.targets.aws_ecs.stage import Stage
from tests.waiting import eventually


def test_status_says_what_serves_with_its_facts(live: Stage) -> None:
    found = live.status()
    first, second, _third = live.commits
    assert found["live"]["id"] == second
    assert found["previous"] == first
    assert found["trouble"] == ""
    facts = found["facts"]
    assert facts["tasks"] == "1 of 1 tasks run"
    assert facts["image that runs"] == live.project.images[second].partition("@")[2]
    assert facts["strategy"].startswith("blue/green")
    assert facts["scaling"] == "1 to 2 tasks"
    assert live.changes == []


def test_a_deployment_of_somebody_else_is_trouble_with_a_remedy(live: Stage) -> None:
    first, second, _third = live.commits
    live.cloud.ecs.deploy_by_hand(first)
    live.cloud.ecs.settle()
    assert live.cloud.ecs.serving == first
    found = live.status()
    assert found["live"]["id"] == first
    assert f"on record is {second}" in found["trouble"]
    assert found["next"] == f"llmops rollback {second}"
    live.project.ok("rollback", second)
    assert live.cloud.ecs.serving == second
    assert live.status()["trouble"] == ""


def test_tasks_that_end_and_are_started_again_are_trouble_with_their_reason(live: Stage) -> None:
    for _time in range(2):
        [task] = live.cloud.ecs.service.primary.tasks
        task.stop = Stop("EssentialContainerExited", "Essential container in task exited", 137)
        live.cloud.ecs.settle(3)
    found = live.status()
    assert "failed within 15 minutes" in found["trouble"]
    assert "exit code 137" in found["trouble"]
    assert found["next"] == "llmops logs"


def test_suspended_scaling_is_trouble_once_nobody_deploys(live: Stage) -> None:
    live.cloud.scaling.seed(1, 2, is_suspended=True)
    found = live.status()
    assert "Scaling is suspended" in found["trouble"]


def test_a_service_that_is_gone_is_said_to_be(live: Stage) -> None:
    live.configure(service='"another"')
    found = live.status()
    assert "There is no service another" in found["trouble"]
    assert found["next"].startswith("llmops infra apply")


def test_a_stopped_service_starts_again_with_as_many_tasks(live: Stage) -> None:
    live.cloud.ecs.service.document["desiredCount"] = 2
    live.cloud.ecs.service.primary.desired = 2
    live.cloud.ecs.settle(3)
    live.project.ok("stop", "--yes")
    assert live.cloud.ecs.serving is None
    assert live.cloud.scaling.is_suspended
    stopped = live.status()
    assert stopped["live"] is None
    assert stopped["trouble"] == "It was stopped by an operator."
    assert stopped["next"] == "llmops start"
    live.project.ok("start")
    assert live.cloud.ecs.serving == live.commits[1]
    assert live.cloud.ecs.service.document["desiredCount"] == 2
    assert not live.cloud.scaling.is_suspended
    assert live.status()["trouble"] == ""


def test_a_deploy_onto_a_stopped_service_starts_it(live: Stage) -> None:
    live.project.ok("stop", "--yes")
    live.project.ok("deploy")
    assert live.cloud.ecs.serving == live.commits[2]
    assert live.status()["trouble"] == ""


def test_the_log_of_the_live_release_is_read_and_followed(live: Stage) -> None:
    second = live.commits[1]
    eventually(lambda: live.project.llmops("status").status == 0)
    lines = live.project.ok("logs", "-n", "3").out.splitlines()
    assert 0 < len(lines) <= 3
    assert second in lines[-1]
    following = live.project.popen("logs", "-n", "1", "--follow")
    assert following.stdout is not None
    assert second in following.stdout.readline()
    following.kill()
    following.communicate()


def test_a_render_shows_the_task_definition_and_no_secret(live: Stage) -> None:
    out = live.project.root / ".llmops" / "out"
    live.project.ok("render", "--output", str(out))
    text = (out / "task-definition.json").read_text()
    [container] = json.loads(text)["containerDefinitions"]
    variables = {one["name"]: one["value"] for one in container["environment"]}
    assert variables["LLMOPS_RELEASE"] == live.commits[2]
    assert "valueFrom" in text
    [kept] = live.cloud.secrets.kept.values()
    assert all(version.value not in text for version in kept.versions.values())
    service = json.loads((out / "service.json").read_text())
    assert service["deploymentConfiguration"]["strategy"] == "BLUE_GREEN"
