"""Looks for what would make a deploy to a container app fail. Changes nothing."""

import re
from collections import Counter
from collections.abc import Iterator

from llmops_cli.core.release import Release
from llmops_cli.core.target import Problem
from llmops_cli.targets.azure_containerapp.app import App
from llmops_cli.targets.azure_containerapp.inspection import serving
from llmops_cli.targets.azure_containerapp.place import Place, Seen
from llmops_cli.targets.azure_containerapp.staging import server_of
from llmops_cli.targets.azure_containerapp.template import LONGEST_GRACE, seconds_of
from llmops_cli.targets.azure_containerapp.variables import release_of

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?")
#: What a replica on the Consumption plan may have: 2 Gi for each processor, in quarters.
_LARGEST_CPU = 4.0
_INFRA = "llmops infra apply"


def preflight(place: Place, seen: Seen, release: Release) -> Iterator[Problem]:
    """Look at the project file first, then at the app, or at where it is to be made."""
    yield from _of_names(place, release)
    yield from _of_times(release)
    if release.secret_versions and place.configured.key_vault is None:
        yield Problem("The target has no `key_vault` for its secrets.", _set("key_vault"))
    if seen.app is None:
        yield from _of_making(place)
    else:
        yield from _of_size(place, seen.app)
        yield from _of_app(place, seen.app)
        yield from _of_port(place, seen, seen.app)


def _of_names(place: Place, release: Release) -> Iterator[Problem]:
    if not _NAME.fullmatch(place.app) or "--" in place.app:
        yield Problem(
            f"{place.app!r} cannot be the name of a container app: at most 32 lower-case letters, "
            "digits and single dashes, a letter first.",
            _set("app"),
        )
    both = Counter([*release.settings, *release.secret_versions])
    for name in sorted(name for name, times in both.items() if times > 1):
        yield Problem(
            f"{name} is a secret and a setting as well.", "Rename it in llmops.toml and commit."
        )


def _of_times(release: Release) -> Iterator[Problem]:
    linger = seconds_of(release, "LLMOPS_LINGER_SECONDS")
    if seconds_of(release, "LLMOPS_DRAIN_SECONDS") + linger > LONGEST_GRACE:
        yield Problem(
            f"Azure lets a container take {LONGEST_GRACE} s to stop, less than `drain_seconds`.",
            f"Set drain_seconds = {LONGEST_GRACE - linger:g} or less in llmops.toml and commit.",
        )


def _of_size(place: Place, app: App | None) -> Iterator[Problem]:
    if app is not None and app.workload_profile.lower() not in ("", "consumption"):
        return
    cpu, memory = place.configured.cpu, float(place.configured.memory.removesuffix("Gi"))
    if cpu > _LARGEST_CPU or (cpu * 4) % 1 or memory != cpu * 2:
        yield Problem(
            f"There is no replica with {cpu:g} processors and {memory:g} Gi.",
            "Set cpu to 0.25, 0.5, 0.75 … 4 and memory to twice as many Gi in llmops.toml.",
        )


def _of_making(place: Place) -> Iterator[Problem]:
    yield from _of_size(place, None)
    configured = place.configured
    if configured.environment is None:
        yield Problem(
            f"There is no container app {place.app} in {place.group}, and no `environment` to "
            "make it in.",
            f"{_INFRA}, or set `environment` in llmops.toml and commit.",
        )
    elif place.environment() is None:
        yield Problem(f"There is no environment {configured.environment}.", _INFRA)
    if configured.identity is None:
        yield Problem(
            "The target has no `identity`, as which the app would pull its image.",
            _set("identity"),
        )


def _of_app(place: Place, app: App) -> Iterator[Problem]:
    identity = place.configured.identity
    if identity is not None and identity.lower() not in app.identities:
        yield Problem(
            f"The app does not have the identity {identity.rpartition('/')[2]}.",
            f"{_INFRA}, or: az containerapp identity assign --user-assigned {identity} "
            f"-n {place.app} -g {place.group}",
        )


def image_problem(place: Place, app: App | None, image: str) -> Problem | None:
    """Return what is wrong where the app cannot pull an image because it has no identity there."""
    server = server_of(place, image)
    if not server or place.configured.identity is not None:
        return None
    known = app.registries if app is not None else ()
    if any(str(one.get("server") or "").lower() == server for one in known):
        return None
    return Problem(f"Nothing lets the app pull images from {server}.", _set("identity"))


def _of_port(place: Place, seen: Seen, app: App) -> Iterator[Problem]:
    live = seen.revision(serving(app))
    release = release_of(live) if live else None
    if release is None or not app.has_ingress or app.target_port == place.port:
        return
    yield Problem(
        f"The app's ingress leads to port {app.target_port}, on which {release.id} listens, and "
        f"the image listens on {place.port}: one of them would be cut off.",
        f"Set [image] port = {app.target_port} in llmops.toml and commit.",
    )


def _set(key: str) -> str:
    return f"{_INFRA}, or set `{key}` in llmops.toml and commit."
