"""What is to be known of the stacks of hosts: before a deploy, in `status`, and by `doctor`."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from llmops_cli.core.diagnosis import Diagnosis, Probe, ok, problem, warning
from llmops_cli.core.target import Problem
from llmops_cli.engine.docker import Engine
from llmops_cli.engine.ports import publishers_of
from llmops_cli.errors import EngineError, LlmopsError
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.stacks.compose import OLDEST, Compose
from llmops_cli.targets.host.stack import HostStack

_MANUAL = "https://docs.docker.com/compose/install/linux"
_SUBJECT = "stack"


def preflight(stack: HostStack, facts: Sequence[HostFacts]) -> Iterator[Problem]:
    """Look for missing tools, here and on the hosts, and for ports that others have."""
    if not stack.is_there:
        return
    here = list(_of_tools(stack))
    yield from here
    without = [found.host for found in facts if not found.has_engine]
    for host in without:
        yield Problem(
            f"{host} has no Docker engine, which the stack runs in.",
            f"ssh {host} sudo apt-get install -y docker.io",
        )
    if here:
        return
    asked = [found.host for found in facts if found.has_engine]
    for host, taken in stack.each(lambda _host, engine: _taken(stack, engine), asked).items():
        for port, name in taken:
            yield Problem(
                f"Port {port} of {host} is used by the container {name}.",
                "Stop it, or set another port in [targets.….stack] of llmops.toml and commit.",
            )


def facts_of(stack: HostStack, among: Sequence[str]) -> Mapping[str, str]:
    """Say how each service is, for `status`; nothing where an engine does not answer."""
    found: dict[str, str] = {}
    with contextlib.suppress(LlmopsError):
        definitions = _definitions(stack)
        for host, services in stack.running(among).items():
            there = {service.service: service for service in services}
            for name in stack.profile.names:
                service = there.get(name)
                told = service.told(definitions.get(name)) if service else "not there"
                key = name if len(stack.hosts.names) == 1 else f"{name} on {host}"
                found[key] = told
    return found


def probes(stack: HostStack) -> list[Probe]:
    """Return the looks of `llmops doctor` at the stacks."""
    if not stack.is_there:
        return []
    return [Probe(_SUBJECT, lambda: _diagnoses(stack), seconds=30.0)]


def _diagnoses(stack: HostStack) -> Sequence[Diagnosis]:
    missing = list(_of_tools(stack))
    if missing:
        return [problem(_SUBJECT, found.what, found.fix) for found in missing]
    found: list[Diagnosis] = []
    definitions = _definitions(stack)
    runtimes = stack.each(lambda _host, engine: _has_gpus(engine), None)
    for host, services in stack.running().items():
        there = {service.service: service for service in services}
        for name in stack.profile.names:
            service, subject = there.get(name), f"{_SUBJECT}: {name} on {host}"
            if service is None:
                found.append(warning(subject, "was never started", "llmops deploy"))
            elif service.is_well:
                told = service.told(definitions.get(name))
                found.append(ok(subject, told))
            else:
                fix = f"llmops logs --service {name}, then: llmops start"
                found.append(problem(subject, service.told(None), fix))
        if not runtimes[host] and _wants_gpus(stack):
            found.append(_no_gpus(host))
    return found


def _of_tools(stack: HostStack) -> Iterator[Problem]:
    engine = Engine()
    if not engine.is_installed:
        yield Problem(
            "The program docker is not installed here; it asks the engines of the hosts.",
            f"Install it with its plugin compose (no engine is needed here): {_MANUAL}",
        )
        return
    version = Compose(engine, stack.stack).version()
    if version is None or version < OLDEST:
        told = ".".join(map(str, version)) if version else "none"
        wanted = ".".join(map(str, OLDEST))
        yield Problem(
            f"Docker Compose {wanted} or newer is needed here; there is {told}.",
            f"Install the plugin: {_MANUAL}",
        )


def _taken(stack: HostStack, engine: Engine) -> list[tuple[int, str]]:
    names = set(stack.profile.names)
    ports = [port for name, port in stack.profile.around.ports.items() if name in names]
    return [
        (port, publisher.name)
        for port in ports
        for publisher in publishers_of(engine, port)
        if publisher.project != stack.stack.name
    ]


def _definitions(stack: HostStack) -> Mapping[str, str]:
    """Return what each service would be made from now; nothing where the project has faults."""
    with contextlib.suppress(LlmopsError):
        return stack.profile().definitions
    return {}


def _wants_gpus(stack: HostStack) -> bool:
    with contextlib.suppress(LlmopsError):
        return any(service.values.get("gpus") for service in stack.profile().services)
    return False


def _has_gpus(engine: Engine) -> bool:
    try:
        told = engine.run("info", "--format", "{{json .Runtimes}} {{json .CDISpecDirs}}")
    except EngineError:
        told = engine.run("info", "--format", "{{json .Runtimes}}")
    return b"nvidia" in told


def _no_gpus(host: str) -> Diagnosis:
    manual = "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit"
    return warning(
        f"{_SUBJECT}: GPUs of {host}",
        "the engine knows no runtime of NVIDIA, which a service with GPUs needs",
        f"On {host}, install the NVIDIA Container Toolkit ({manual}), then: "
        "nvidia-ctk runtime configure --runtime=docker && systemctl restart docker",
    )
