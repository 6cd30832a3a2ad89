"""Looks for what would make a deploy to hosts fail. Changes nothing."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from llmops_cli.config.api_access import SIGNING_SECRET
from llmops_cli.core.release import Release
from llmops_cli.core.target import Problem
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.session import Session
from llmops_cli.hosts.site import site_of
from llmops_cli.targets.host import stack_looks
from llmops_cli.targets.host.host_state import HostState
from llmops_cli.targets.host.inspection import state_of
from llmops_cli.targets.host.place import Place
from llmops_cli.targets.host.staging import lacking_hosts

#: Python that releases need, and free bytes that one may take besides what hosts share.
OLDEST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 512 * 1024 * 1024
#: Seconds that a host's clock may be off before tokens and certificates seem not to hold.
MOST_SECONDS_OFF = 60.0
_APPLY = "llmops infra apply"


@dataclass(frozen=True)
class Look:
    """What one host says, before anything is changed there. ``seconds_off`` is its clock's error.

    ``nginx`` is what is wrong with nginx, nothing where all is well.
    """

    facts: HostFacts
    state: HostState
    is_made: bool
    has_nginx: bool
    nginx: str
    seconds_off: float


def preflight(place: Place, release: Release) -> Iterator[Problem]:
    """Look at every host that is reached, and yield what is to be mended there."""
    hosts = place.hosts.there
    looks = place.hosts.each(lambda host, session: look(place, host, session), hosts)
    is_new = set(lacking_hosts(place, release, hosts))
    for host in hosts:
        found: Look = looks[host]
        for problem in problems_of(place, release, found, is_new=host in is_new):
            yield Problem(place.told(host, problem.what), problem.fix)
    yield from stack_looks.preflight(place.stack, [looks[host].facts for host in hosts])
    yield from _secrets(place, release)


def look(place: Place, host: str, session: Session) -> Look:
    """Ask a host for all that decides whether a deploy can succeed there."""
    asked = time.time()
    answer: dict[str, Any] = session.ask("facts", python=place.settings.python, tests_nginx=True)
    facts = HostFacts.read(host, answer)
    middle = (asked + time.time()) / 2
    return Look(
        facts,
        state_of(host, session),
        bool(answer.get("made")),
        bool(answer.get("nginx_active")),
        str(answer.get("nginx_trouble") or ""),
        facts.clock - middle,
    )


def versions_of(session: Session, names: Sequence[str]) -> dict[str, list[str]]:
    """Return the versions of secrets on a host, also those that are proposed only."""
    answers = {name: session.ask("secret_versions", name=name) for name in names}
    return {name: [*found["versions"], *found["proposed"]] for name, found in answers.items()}


def problems_of(place: Place, release: Release, seen: Look, *, is_new: bool) -> Iterator[Problem]:
    """Yield what is to be mended on one host; for a release that it keeps already that is less."""
    if not seen.is_made:
        yield Problem("The host is not prepared for releases.", _APPLY)
        return
    yield from _of_system(place, seen, is_new=is_new)
    yield from _of_nginx(place, seen, is_new=is_new)
    off = abs(seen.seconds_off)
    if off > MOST_SECONDS_OFF and _needs_clock(place, release):
        direction = "ahead" if seen.seconds_off > 0 else "behind"
        yield Problem(
            f"The clock is {off:.0f} s {direction}, and tokens or certificates depend on it.",
            f"ssh {seen.facts.host} sudo timedatectl set-ntp true",
        )


def _of_system(place: Place, seen: Look, *, is_new: bool) -> Iterator[Problem]:
    facts = seen.facts
    if facts.python < OLDEST_PYTHON:
        yield Problem(
            f"Python {'.'.join(map(str, facts.python)) or 'is missing'}; releases need 3.11.",
            f"Name a newer one with `python` in [targets.{place.target}].",
        )
    if is_new and facts.free_bytes < LEAST_FREE_BYTES:
        yield Problem(
            f"The disk of /opt has {facts.free_bytes / 1024**2:.0f} MB left; a release may take "
            f"{LEAST_FREE_BYTES / 1024**2:.0f} MB.",
            f"Free space: ssh {facts.host} df -h /opt; or keep fewer releases with `keep`.",
        )


def _of_nginx(place: Place, seen: Look, *, is_new: bool) -> Iterator[Problem]:
    host = seen.facts.host
    if not seen.has_nginx:
        yield Problem("nginx is not running.", f"ssh {host} sudo systemctl start nginx")
    # It serves on until it is started anew: to go back is possible even so.
    if is_new and seen.nginx:
        yield Problem(f"nginx refuses its configuration: {seen.nginx}", f"ssh {host} sudo nginx -t")
    wanted = site_of(place.config, place.settings, place.layout, seen.facts)
    if is_new and seen.state.site != hashlib.sha256(wanted.encode()).hexdigest():
        yield Problem("The site of nginx is not the one that this commit needs.", _APPLY)


def _needs_clock(place: Place, release: Release) -> bool:
    """Whether anything that a release does is refused where the clock is wrong."""
    credentials = {upstream.credential for upstream in place.config.api.upstreams}
    has_tokens = bool(credentials & {"entra", "google"})
    has_tokens = has_tokens or SIGNING_SECRET in release.secret_versions
    return has_tokens or place.settings.certificate == "acme"


def _secrets(place: Place, release: Release) -> Iterator[Problem]:
    """Yield the versions of secrets that some hosts have, and others do not."""
    names = list(release.secret_versions)
    found = place.hosts.each(lambda _host, session: versions_of(session, names), place.hosts.there)
    for name, version in release.secret_versions.items():
        lacking = [host for host, versions in found.items() if version not in versions[name]]
        # One that no host has, whoever asks for its value finds missing.
        if lacking and len(lacking) < len(found):
            yield Problem(
                f"{', '.join(lacking)} lacks version {version} of the secret {name}.",
                f"llmops secrets set {name} -t {place.target}",
            )
