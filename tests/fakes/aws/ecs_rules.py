"""What ECS refuses of a task definition or of a change of the service, in its own words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.fakes.aws.wire import RefusedError

_GIB = 1024
_FARGATE = {
    "256": [512, 1 * _GIB, 2 * _GIB],
    "512": range(1 * _GIB, 4 * _GIB + 1, _GIB),
    "1024": range(2 * _GIB, 8 * _GIB + 1, _GIB),
    "2048": range(4 * _GIB, 16 * _GIB + 1, _GIB),
    "4096": range(8 * _GIB, 30 * _GIB + 1, _GIB),
    "8192": range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB),
    "16384": range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB),
}
_HEALTH = {"interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "startPeriod": (0, 300)}
Body = Mapping[str, Any]


def look_at_definition(body: Body) -> None:
    """Raise RefusedError where AWS would not register a task definition."""
    for said in (*_of_task(body), *_of_containers(body["containerDefinitions"])):
        raise RefusedError("ClientException", said)
    for one in body["containerDefinitions"]:
        for said in _of_container(one, body):
            raise RefusedError("ClientException", f"Container {one.get('name')}: {said}")


def _of_task(body: Body) -> Iterator[str]:
    containers = body["containerDefinitions"]
    needs_role = any(one.get("secrets") or one.get("logConfiguration") for one in containers)
    is_private = any(".dkr.ecr." in one.get("image", "") for one in containers)
    if (needs_role or is_private) and not body.get("executionRoleArn"):
        yield (
            "When you are specifying container secrets, or the awslogs driver, you must also "
            "specify a value for 'executionRoleArn'."
        )
    if "FARGATE" not in (body.get("requiresCompatibilities") or []):
        return
    cpu, memory = str(body.get("cpu", "")), str(body.get("memory", ""))
    if cpu not in _FARGATE or not memory.isdigit() or int(memory) not in _FARGATE[cpu]:
        yield f"No Fargate configuration exists for given values: {cpu} CPU, {memory} memory."
    if body.get("networkMode") != "awsvpc":
        yield "Fargate only supports network mode 'awsvpc'."
    if len(str(body)) > 65_536:
        yield "Actual length: is too great. Max allowed length is '65536' bytes."


def _of_containers(containers: Sequence[Body]) -> Iterator[str]:
    if not containers:
        yield "Container list cannot be empty."
    if any(count > 1 for count in Counter(one.get("name") for one in containers).values()):
        yield "Container names should be unique."
    if not any(one.get("essential", True) for one in containers):
        yield "At least one container must be essential."


def _of_container(one: Body, task: Body) -> Iterator[str]:
    if not one.get("image") or not one.get("name"):
        yield "Container.image should not be null or empty."
    names = [pair["name"] for key in ("environment", "secrets") for pair in one.get(key) or []]
    for name, count in Counter(names).items():
        if count > 1:
            yield (
                "The secret name must be unique and not shared with any new or existing "
                f"environment variables set on the container, such as '{name}'."
            )
    for secret in one.get("secrets") or []:
        if not secret["valueFrom"].startswith("arn:aws:secretsmanager:"):
            yield f"Invalid valueFrom: {secret['valueFrom']}"
    for port in one.get("portMappings") or []:
        if port.get("hostPort", port["containerPort"]) != port["containerPort"]:
            yield "When networkMode=awsvpc, the host ports and container ports must match."
    if not 0 <= one.get("stopTimeout", 30) <= 120:
        yield "stopTimeout must be between 0 and 120 seconds on Fargate."
    volumes = {volume["name"] for volume in task.get("volumes") or []}
    for mount in one.get("mountPoints") or []:
        if mount.get("sourceVolume") not in volumes:
            yield f"Unknown volume '{mount.get('sourceVolume')}'."
    yield from _of_health_check(one.get("healthCheck"))
    log = one.get("logConfiguration") or {}
    needed = {"awslogs-group", "awslogs-region", "awslogs-stream-prefix"}
    if log.get("logDriver") == "awslogs" and not needed <= set(log.get("options") or {}):
        yield f"Log driver awslogs requires options: {sorted(needed)}"


def _of_health_check(check: Body | None) -> Iterator[str]:
    if check is None:
        return
    if not check["command"] or check["command"][0] not in ("CMD", "CMD-SHELL", "NONE"):
        yield "Health check command must begin with CMD, CMD-SHELL or NONE."
    for key, (least, most) in _HEALTH.items():
        if key in check and not least <= check[key] <= most:
            yield f"Health check {key} must be between {least} and {most}."


def look_at_change(body: Body, definition: Body, load_balancers: Sequence[Body]) -> None:
    """Raise RefusedError where AWS would not change the service so."""
    for said in (*_of_deployments(body, load_balancers), *_of_ports(definition, load_balancers)):
        raise RefusedError("InvalidParameterException", said)
    if definition["status"] != "ACTIVE":
        raise RefusedError("ClientException", "TaskDefinition is inactive")


def _of_deployments(body: Body, load_balancers: Sequence[Body]) -> Iterator[str]:
    how = body.get("deploymentConfiguration") or {}
    if how.get("strategy", "ROLLING") != "ROLLING":
        for one in load_balancers:
            if not (one.get("advancedConfiguration") or {}).get("alternateTargetGroupArn"):
                yield f"advancedConfiguration is required on loadBalancers for {how['strategy']}."
    elif how.get("lifecycleHooks") or how.get("bakeTimeInMinutes"):
        yield "lifecycleHooks and bakeTimeInMinutes are not supported with the ROLLING strategy."
    if not 0 <= how.get("bakeTimeInMinutes", 0) <= 1440:
        yield "bakeTimeInMinutes must be between 0 and 1440."
    least, most = how.get("minimumHealthyPercent", 100), how.get("maximumPercent", 200)
    if least >= most:
        yield "maximumPercent must be greater than minimumHealthyPercent."
    for hook in how.get("lifecycleHooks") or []:
        is_pause = hook.get("targetType") == "PAUSE"
        if is_pause == bool(hook.get("hookTargetArn")) or not hook.get("lifecycleStages"):
            yield "A hook needs lifecycleStages, and a hookTargetArn only where it is no PAUSE."
        if is_pause and hook.get("roleArn"):
            yield "roleArn is not supported for hooks of the type PAUSE."


def _of_ports(definition: Body, load_balancers: Sequence[Body]) -> Iterator[str]:
    ports = {
        (one["name"], port["containerPort"])
        for one in definition["containerDefinitions"]
        for port in one.get("portMappings") or []
    }
    for one in load_balancers:
        name, port = one.get("containerName"), one.get("containerPort")
        if (name, port) not in ports:
            yield f"The container {name} did not have a container port {port} defined."
