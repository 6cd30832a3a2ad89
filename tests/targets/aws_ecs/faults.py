"""What can go wrong with a deploy to ECS, where, and how the command is to end then."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.fakes.aws.ecs_task import KILLED
from tests.fakes.aws.faults import BROKEN, THROTTLED
from tests.fakes.aws.wire import Refusal
from tests.fakes.call import Call, Reply
from tests.targets.aws_ecs.stage import Stage

UPDATE, CONTINUE = "ecs.UpdateService", "ecs.ContinueServiceDeployment"
REGISTER, FOLLOW = "ecs.RegisterTaskDefinition", "ecs.DescribeServiceDeployments"
SUSPEND, SHELF = "application-autoscaling.RegisterScalableTarget", "s3.PutObject"
Arrange = Callable[[Stage], object]


@dataclass(frozen=True)
class Fault:
    """What a test arranges, and what comes of it: the exit status, and a part of the report.

    With status 0 the new release serves, else the old one does; where somebody else's deployment is
    under way that is not ours to end, the first one comes to serve after the report.
    """

    name: str
    arrange: Arrange
    status: int
    says: str = ""
    is_theirs: bool = False


def _both(*arranging: Arrange) -> Arrange:
    def arrange(stage: Stage) -> None:
        for one in arranging:
            one(stage)

    return arrange


def _with(**lines: object) -> Arrange:
    return lambda stage: stage.configure(**lines)


def _image(manner: str) -> Arrange:
    return lambda stage: stage.script(stage.commits[-1], manner)


def _environment(**variables: str) -> Arrange:
    return lambda stage: stage.script(
        stage.commits[-1], environment=variables, log="A line of its log.\n"
    )


def _tasks(manner: str) -> Arrange:
    def arrange(stage: Stage) -> None:
        stage.cloud.ecs.manners[stage.commits[-1]] = manner  # type: ignore[assignment]

    return arrange


def _answers(
    operation: str, reply: Reply | Refusal, times: int | None = 1, after: int = 0
) -> Arrange:
    return lambda stage: stage.cloud.faults.on(operation, reply, times=times, after=after)


def _denied(operation: str, times: int | None = None, after: int = 0) -> Arrange:
    return lambda stage: stage.cloud.faults.deny(operation, times, after)


def _lost(operation: str, times: int = 1, after: int = 0) -> Arrange:
    return lambda stage: stage.cloud.faults.lose(operation, times, after)


def _does(operation: str, do: Arrange, after: int = 0) -> Arrange:
    def arrange(stage: Stage) -> None:
        def act(call: Call) -> None:
            do(stage)

        stage.cloud.faults.on(operation, act, times=1, after=after)

    return arrange


def _rolling(stage: Stage) -> None:
    """Let releases roll: the service stays as it is, the project knows of no test listener."""
    file = stage.project.root / "llmops.toml"
    kept = [line for line in file.read_text().splitlines() if not line.startswith("test_url")]
    file.write_text("\n".join(kept) + "\n")
    stage.project.commit("Roll")


def _first_by_hand(stage: Stage) -> None:
    """Let somebody else deploy the first release, and that at once."""
    stage.cloud.ecs.deploy_by_hand(stage.commits[0])
    stage.cloud.containers.warm()
    stage.cloud.ecs.settle()


def _no_secrets(stage: Stage) -> None:
    stage.cloud.secrets.role_may_read = False


def _take_lock(stage: Stage) -> None:
    """Put somebody else's lock in the place of ours, as `--force` would."""
    records = stage.records()
    name = next(key for key in records if key.endswith("lock.json"))
    records[name] = records[name].replace(b'"nonce": "', b'"nonce": "ff')
    stage.put_records(records)


def _of_image(stage: Stage) -> None:
    """Remove the image from the registry between the look at it and the deploy."""
    digest = stage.project.images[stage.commits[-1]].partition("@")[2]
    for key in [key for key in stage.cloud.ecr.contents.manifests if key[1] == digest]:
        del stage.cloud.ecr.contents.manifests[key]


def _kill_once_it_is_tested(stage: Stage) -> None:
    """Let the task of the candidate die as soon as the test listener has it."""

    def look(call: Call) -> None:
        rollout = stage.cloud.ecs.service.rollout
        if rollout is not None and rollout.stage == "TEST_TRAFFIC_SHIFT":
            for task in rollout.target.tasks:
                task.stop = KILLED
                if task.container is not None:
                    task.container.stop()

    stage.cloud.faults.on(FOLLOW, look, times=None)


def _roll(fault: Arrange) -> Arrange:
    return _both(_rolling, fault)


_GOING_ON = Refusal("InvalidParameterException", "The service deployment is not paused.")
_LIMIT = Refusal("ClientException", "You have reached the limit on revisions of this family.")

FAULTS = (
    # The image and the container, blue/green
    Fault("image cannot be pulled", _image("is not there"), 8, "CannotPullContainerError"),
    Fault("image is gone meanwhile", _does(REGISTER, _of_image), 8, "CannotPullContainerError"),
    Fault("task exits", _image("crashes"), 8, "exit code 1"),
    Fault("health check fails", _image("hangs"), 8, "failed container health checks"),
    Fault("target never healthy", _tasks("target unhealthy"), 8, "failed ELB health checks"),
    Fault("out of memory", _tasks("out of memory"), 8, "OutOfMemoryError"),
    Fault(
        "never ready", _both(_with(ready_seconds=2), _tasks("pending")), 8, "Not ready after 2 s"
    ),
    Fault(
        "runs and is never well",
        _both(_with(ready_seconds=2), _tasks("forgiven")),
        8,
        "Health checks failed with these codes: [503]",
    ),
    Fault(
        "dies while it is checked",
        _both(_with(ready_seconds=3), _kill_once_it_is_tested),
        8,
        "OutOfMemoryError",
    ),
    Fault(
        "no capacity",
        _both(_with(ready_seconds=2), _tasks("no capacity")),
        8,
        "Capacity is unavailable",
    ),
    Fault("quota is used up", _tasks("quota"), 8, "limit on the number of vCPUs"),
    Fault("secret cannot be read", _no_secrets, 8, "unable to retrieve secret"),
    Fault(
        "answers nobody",
        _both(_with(ready_seconds=2), _tasks("silent")),
        8,
        "504",
    ),
    Fault(
        "another release answers",
        _both(_with(ready_seconds=5), _environment(LLMOPS_RELEASE="other")),
        8,
        "other",
    ),
    Fault("its key is wrong", _environment(LLMOPS_API_KEY="another-key-0123456789"), 8, "checks"),
    # The same where releases roll, and AWS goes back by itself
    Fault("rolling: task exits", _roll(_image("crashes")), 8, "exit code 1"),
    Fault("rolling: image cannot be pulled", _roll(_image("is not there")), 8, "CannotPull"),
    Fault("rolling: target never healthy", _roll(_tasks("target unhealthy")), 8, "ELB health"),
    Fault(
        "rolling: runs and is never well",
        _roll(_both(_with(ready_seconds=2), _tasks("forgiven"))),
        8,
        "Not ready after 2 s",
    ),
    Fault(
        "rolling: AWS has gone back before anybody looks",
        _roll(
            _both(
                _image("crashes"),
                _does(FOLLOW, lambda stage: stage.cloud.ecs.settle()),
            )
        ),
        8,
        "does not come up",
    ),
    Fault("rolling: all is well", _rolling, 0),
    # AWS is late, busy, or broken
    Fault("the first requests get 503", lambda stage: setattr(stage.cloud.ecs, "lag", 2), 0),
    Fault("the service is shown as it was", lambda s: setattr(s.cloud.ecs.service, "stale", 2), 0),
    *(
        Fault(f"throttled: {operation}", _answers(operation, THROTTLED, 2), 0)
        for operation in (UPDATE, CONTINUE, REGISTER, FOLLOW, SUSPEND, "ecs.DescribeServices")
    ),
    *(
        Fault(f"broken twice: {operation}", _answers(operation, BROKEN, 2), 0)
        for operation in (UPDATE, CONTINUE, REGISTER, FOLLOW)
    ),
    Fault("continuing is refused", _answers(CONTINUE, _GOING_ON, 1), 8, "not paused"),
    Fault("registering is refused", _answers(REGISTER, _LIMIT), 8, "limit on revisions"),
    # Answers that are lost
    *(
        Fault(f"word lost: {operation}", _lost(operation), 0)
        for operation in (REGISTER, UPDATE, CONTINUE, FOLLOW, SUSPEND)
    ),
    Fault("word lost: the lock", _lost(SHELF), 0),
    # Credentials and permissions
    *(
        Fault(
            f"credentials expire: {operation}",
            _does(operation, lambda stage: stage.cloud.faults.expire_tokens()),
            9,
            "expired",
        )
        for operation in (REGISTER, FOLLOW)
    ),
    *(
        Fault(f"no right: {operation}", _denied(operation), 5, operation.partition(".")[2])
        for operation in (
            "ecs.DescribeServices",
            "ecs.DescribeTaskDefinition",
            REGISTER,
            UPDATE,
            "ecs.ListServiceDeployments",
            "s3.GetObject",
            SHELF,
            SUSPEND,
        )
    ),
    Fault("no right: go on once", _denied(CONTINUE, 1), 5, "ContinueServiceDeployment"),
    Fault(
        "no right: read logs",
        _both(_image("crashes"), _denied("logs.*")),
        8,
        "exit code 1",
    ),
    Fault("no right: deregister", _denied("ecs.DeregisterTaskDefinition"), 0),
    # Other people
    Fault(
        "somebody else deploys before it starts",
        _does(REGISTER, lambda stage: stage.cloud.ecs.deploy_by_hand(stage.commits[0])),
        8,
        "Somebody else's deployment",
        is_theirs=True,
    ),
    # Theirs waits at the test listener, for ours has the service wait there.
    Fault("somebody else deploys while it comes up", _does(FOLLOW, _first_by_hand), 8, "Somebody"),
    Fault("the lock is taken by force", _does(FOLLOW, _take_lock), 8, "The lock was lost"),
)
