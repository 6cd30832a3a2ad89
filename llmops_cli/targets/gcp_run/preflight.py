"""Looks for what would make a deploy to Cloud Run fail. Changes nothing."""

import re
from collections.abc import Iterator

from llmops_cli.clouds.gcp.patience import reading
from llmops_cli.core.release import Release
from llmops_cli.core.target import Problem
from llmops_cli.targets.gcp_run.creating import image_problem
from llmops_cli.targets.gcp_run.place import Place, Seen
from llmops_cli.targets.gcp_run.template import GRACE_SECONDS
from llmops_cli.targets.gcp_run.variables import RESERVED

_INFRA = "llmops infra apply"
#: Gi of memory above which an instance needs so many processors.
_PROCESSORS = ((24.0, 8.0), (16.0, 6.0), (8.0, 4.0), (4.0, 2.0))
#: Processors, and the Gi of memory that they need at least.
_MEMORY = {4.0: 2.0, 6.0: 4.0, 8.0: 4.0}
_MOST_GI = 32.0


def preflight(place: Place, seen: Seen, release: Release) -> Iterator[Problem]:
    """Look at the project file first, then at the service, or at what it needs to be made."""
    yield from _of_size(place)
    yield from _of_names(release)
    yield from _of_times(release)
    if place.configured.bucket is None:
        yield Problem("The target has no `bucket` for its lock and its history.", _set("bucket"))
    problem = image_problem(place, f"{place.repository}@") if place.repository else None
    if problem is not None:
        yield Problem(problem.message, problem.next_step)
    yield from _of_secrets(place, release)
    yield from _of_service(seen)


def _of_names(release: Release) -> Iterator[Problem]:
    for name in sorted(RESERVED & {*release.settings, *release.secret_versions}):
        yield Problem(
            f"Cloud Run sets {name} itself.", f"Remove {name} from llmops.toml and commit."
        )


def _of_times(release: Release) -> Iterator[Problem]:
    drain = float(release.settings.get("LLMOPS_DRAIN_SECONDS") or 0)
    linger = float(release.settings.get("LLMOPS_LINGER_SECONDS") or 0)
    if drain + linger >= GRACE_SECONDS:
        yield Problem(
            f"Google ends an instance {GRACE_SECONDS} s after it says so, and `drain_seconds` is "
            "not less.",
            f"Set drain_seconds = {GRACE_SECONDS - 2} in llmops.toml and commit.",
        )


def _of_size(place: Place) -> Iterator[Problem]:
    configured = place.configured
    cpu, memory = float(configured.cpu), _gibibytes(configured.memory)
    if cpu < 1 and configured.concurrency > 1:
        yield Problem(
            f"An instance with {configured.cpu} of a processor takes one request at a time.",
            'Set cpu = "1", or concurrency = 1, in llmops.toml and commit.',
        )
    if memory > _MOST_GI:
        yield Problem(f"An instance has {_MOST_GI:g} Gi at most.", _mend("memory"))
    least = next((found for limit, found in _PROCESSORS if memory > limit), 0.0)
    if cpu < least:
        yield Problem(
            f"With {configured.memory} an instance has {least:g} processors at least.", _mend("cpu")
        )
    if memory < _MEMORY.get(cpu, 0.0):
        yield Problem(
            f"With {configured.cpu} processors an instance has {_MEMORY[cpu]:g}Gi at least.",
            _mend("memory"),
        )


def _of_secrets(place: Place, release: Release) -> Iterator[Problem]:
    """Look whether the versions can be used; who may use them Google checks when it deploys."""
    from google.api_core.exceptions import NotFound

    for name, version in release.secret_versions.items():
        found = "missing"
        with place.account.told(f"look at the secret {name}"):
            try:
                request = {"name": place.secrets.reference(name, version)}
                answer = place.account.client("secrets").get_secret_version(request, **reading())
                found = answer.state.name.lower()
            except NotFound:
                found = "missing"
        if found != "enabled":
            yield Problem(
                f"Version {version} of the secret {name} is {found}.", f"llmops secrets set {name}"
            )


def _of_service(seen: Seen) -> Iterator[Problem]:
    service = seen.service
    if service is None:
        return
    if service.message.default_uri_disabled:
        yield Problem(
            "The service has no address of Google's own, at which a candidate could be checked.",
            f"gcloud run services update {service.name} --default-url",
        )


def _gibibytes(text: str) -> float:
    number, unit = re.match(r"(\d+)(Mi|Gi)", text).groups()  # type: ignore[union-attr]
    return float(number) / (1024 if unit == "Mi" else 1)


def _mend(key: str) -> str:
    return f"Mend `{key}` in llmops.toml and commit."


def _set(key: str) -> str:
    return f"{_INFRA}, or set `{key}` in llmops.toml and commit."
