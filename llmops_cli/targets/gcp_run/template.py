"""The template of a release's revision: complete every time, so that nothing is left to chance."""

import math
import re
from typing import Any

from llmops_cli.core.release import Release
from llmops_cli.targets.gcp_run.place import Place
from llmops_cli.targets.gcp_run.service import main_container, resolved
from llmops_cli.targets.gcp_run.variables import references_of
from llmops_cli.targets.variables import variables_of

CONTAINER = "api"
LABELS = {"managed-by": "llmops"}
#: Seconds between Google's word that an instance ends, and its end. Nobody can change them.
GRACE_SECONDS = 10
#: Characters of a revision's name; and of a tag together with the service's name.
_LONGEST_NAME, _LONGEST_ADDRESS = 63, 46
#: The longest that all attempts of a startup probe may take.
_LONGEST_START = 240


def template_of(place: Place, release: Release, revision: str, present: Any = None) -> Any:
    """Return the whole template of a new revision (google.cloud.run_v2.RevisionTemplate).

    ``present`` is the template of the service now: what others have set beside our container, such
    as another one, a network or a volume, stays.
    """
    from google.cloud.run_v2.types import RevisionScaling, RevisionTemplate
    from google.protobuf.duration_pb2 import Duration

    configured = place.configured
    template = RevisionTemplate()
    if present is not None:
        RevisionTemplate.copy_from(template, present)
    template.revision = revision
    template.labels = {**resolved(template.labels), **LABELS}
    template.annotations = resolved(template.annotations)
    template.scaling = RevisionScaling(
        min_instance_count=configured.min_instances, max_instance_count=configured.max_instances
    )
    template.timeout = Duration(seconds=configured.request_seconds)
    template.max_instance_request_concurrency = configured.concurrency
    if configured.service_account:
        template.service_account = configured.service_account
    before = main_container(template.containers)
    beside = [one for one in template.containers if one is not before and one != before]
    template.containers = [_container(place, release, before), *beside]
    return template


def revision_name(service: str, release: Release, number: int) -> str:
    """Return a name that no revision of the service has had; ``number`` counts those made."""
    count = f"-{number}"
    room = _LONGEST_NAME - len(service) - len("-") - len(count)
    word = re.sub(r"[^a-z0-9]+", "-", f"r{release.id}".lower())[:room].strip("-")
    return f"{service}-{word}{count}"


def tag_of(service: str, revision: str) -> str:
    """Return the tag that gives a candidate an address. It belongs to one revision for ever."""
    room = _LONGEST_ADDRESS - len(service)
    word, _, number = revision.removeprefix(f"{service}-").rpartition("-")
    return f"{word[: max(room - len(number) - 1, 1)].rstrip('-')}-{number}"


def _container(place: Place, release: Release, before: Any) -> Any:
    from google.cloud.run_v2.types import Container, ContainerPort

    return Container(
        name=CONTAINER,
        image=release.image,
        env=_environment(place, release),
        resources=_resources(place, before),
        ports=[ContainerPort(name="http1", container_port=place.port)],
        startup_probe=_startup(place),
        liveness_probe=_liveness(place),
        volume_mounts=list(before.volume_mounts) if before is not None else [],
        depends_on=list(before.depends_on) if before is not None else [],
    )


def _environment(place: Place, release: Release) -> list[Any]:
    from google.cloud.run_v2.types import EnvVar, EnvVarSource, SecretKeySelector

    plain = [EnvVar(name=name, value=value) for name, value in variables_of(release).items()]
    secret = [
        EnvVar(
            name=name,
            value_source=EnvVarSource(
                secret_key_ref=SecretKeySelector(secret=found, version=version)
            ),
        )
        for name, (found, version) in references_of(release, place.secrets).items()
    ]
    return plain + secret


def _resources(place: Place, before: Any) -> Any:
    from google.cloud.run_v2.types import ResourceRequirements

    # An accelerator, which the project file does not know, stays.
    kept = dict(before.resources.limits) if before is not None else {}
    limits = {**kept, "cpu": place.configured.cpu, "memory": place.configured.memory}
    return ResourceRequirements(limits=limits, cpu_idle=True, startup_cpu_boost=True)


def _startup(place: Place) -> Any:
    from google.cloud.run_v2.types import Probe

    # The embedded API listens within seconds; a server that loads a model first, within minutes.
    period = 1 if place.is_ours else 10
    longest = min(place.configured.ready_seconds, _LONGEST_START)
    return Probe(
        period_seconds=period,
        timeout_seconds=period,
        failure_threshold=max(math.floor(longest / period), 1),
        **_asks(place, "/health/live"),
    )


def _liveness(place: Place) -> Any:
    from google.cloud.run_v2.types import Probe

    if not place.is_ours:
        # Google asks over HTTP or gRPC only, and of an image of others only the port is known.
        return None
    return Probe(
        period_seconds=10,
        timeout_seconds=5,
        failure_threshold=3,
        **_asks(place, "/health/live"),
    )


def _asks(place: Place, path: str) -> dict[str, Any]:
    """Return what a probe asks."""
    from google.cloud.run_v2.types import HTTPGetAction, TCPSocketAction

    if place.is_ours:
        return {"http_get": HTTPGetAction(path=path, port=place.port)}
    return {"tcp_socket": TCPSocketAction(port=place.port)}
