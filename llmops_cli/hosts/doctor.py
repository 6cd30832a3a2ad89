"""What `llmops doctor` looks at on hosts."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.model import Config
from llmops_cli.core.diagnosis import Diagnosis, Probe, ok, problem, warning
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.session import Session
from llmops_cli.hosts.several import Hosts
from llmops_cli.hosts.wanted import wanted_of

#: A host may be far, and its disk slow.
_SECONDS = 45.0
_GIGABYTE = 1024**3
_LITTLE, _TOO_LITTLE = 2 * _GIGABYTE, _GIGABYTE // 4
#: Seconds that a host's clock may be off: tokens and certificates are valid for a while only.
_OFF, _FAR_OFF = 5.0, 60.0
_DAY = 86400
_SOON_DAYS = 21
#: The first systemd that hands secrets to services (LoadCredential).
_OLDEST_SYSTEMD = (247,)
_APPLY = "llmops infra apply -t {}"


@dataclass(frozen=True)
class _Found:
    """What a host says of itself, and what its bootstrap would change."""

    host: str
    facts: HostFacts
    answer: Mapping[str, Any]
    survey: Mapping[str, Any]
    seconds_off: float


def probes(config: Config, target: str, settings: HostTarget, hosts: Hosts) -> list[Probe]:
    """Return the looks at ssh, at every host and at what its bootstrap made.

    A host that is not reached is told as the problem that ssh has with it.
    """

    def look(host: str) -> Sequence[Diagnosis]:
        found = _ask(host, hosts.session(host), config, settings, hosts)
        return list(_diagnoses(found, target, settings))

    def probe(host: str) -> Probe:
        return Probe(host, lambda: look(host), _SECONDS)

    return [probe(host) for host in hosts.names]


def _ask(host: str, session: Session, config: Config, settings: HostTarget, hosts: Hosts) -> _Found:
    before = time.time()
    answer = session.ask("facts", python=settings.python)
    facts = HostFacts.read(host, answer)
    # The host read its clock somewhere in between.
    after = time.time()
    off = max(before - facts.clock, facts.clock - after, 0.0)
    wanted = asdict(wanted_of(config, settings, hosts.layout, facts))
    survey = session.ask("survey", wanted=wanted)
    return _Found(host, facts, answer, survey, off)


def _diagnoses(found: _Found, target: str, settings: HostTarget) -> Iterator[Diagnosis]:
    yield _programs(found, target)
    yield from _bootstrap(found, target)
    yield from _certificate(found, target)
    yield from _clock(found)
    yield _disk(found)
    if settings.stack is not None and not found.facts.has_engine:
        fix = "Install Docker with Compose: https://docs.docker.com/engine/install"
        yield problem(found.host, "the stack needs Docker, which does not run", fix)
    for text in found.survey["advice"]:
        yield warning(found.host, text, "Change it on the host, unless it is meant so.")


def _programs(found: _Found, target: str) -> Diagnosis:
    facts, login = found.facts, found.answer["login"]
    if facts.systemd < _OLDEST_SYSTEMD:
        text = f"systemd {_dotted(facts.systemd) or 'is missing'}: releases need 247 or newer"
        return problem(found.host, text, "Upgrade the host's system.")
    if not facts.nginx:
        return problem(found.host, "nginx is not installed", _APPLY.format(target))
    if not found.answer["nginx_active"]:
        return problem(found.host, "nginx does not run", "sudo systemctl start nginx")
    versions = f"Python {_dotted(facts.python)}, systemd {_dotted(facts.systemd)}"
    text = f"ssh lets us in as {login}; {facts.system}, {versions}, nginx {_dotted(facts.nginx)}"
    return ok(found.host, text)


def _bootstrap(found: _Found, target: str) -> Iterator[Diagnosis]:
    for text in found.survey["obstacles"]:
        yield problem(found.host, text, "Mend that on the host.")
    changes = [str(change["address"]) for change in found.survey["changes"]]
    if found.answer["made"] is None:
        yield problem(found.host, "the host is not prepared", _APPLY.format(target))
    elif changes:
        text = f"not as the project wants it: {', '.join(changes)}"
        yield problem(found.host, text, _APPLY.format(target))
    else:
        yield ok(found.host, "site, certificate, units and folders are as the project wants them")


def _certificate(found: _Found, target: str) -> Iterator[Diagnosis]:
    ends = found.survey["certificate_ends"]
    if ends is None:
        return
    days = (ends - found.facts.clock) / _DAY
    date = time.strftime("%Y-%m-%d", time.gmtime(ends))
    if days < 0:
        text = f"the certificate ended on {date}"
        yield problem(found.host, text, _APPLY.format(target))
    elif days < _SOON_DAYS:
        text = f"the certificate ends on {date}, in {int(days)} days"
        yield warning(found.host, text, _APPLY.format(target))


def _clock(found: _Found) -> Iterator[Diagnosis]:
    text = f"the clock is off by {found.seconds_off:.0f} s"
    fix = "sudo timedatectl set-ntp true"
    if found.seconds_off > _FAR_OFF:
        yield problem(found.host, text, fix)
    elif found.seconds_off > _OFF:
        yield warning(found.host, text, fix)


def _disk(found: _Found) -> Diagnosis:
    free = found.facts.free_bytes
    text = f"{free / _GIGABYTE:.1f} GB free for releases"
    fix = "Free some, or lower `keep` in llmops.toml."
    if free < _TOO_LITTLE:
        return problem(found.host, text, fix)
    return warning(found.host, text, fix) if free < _LITTLE else ok(found.host, text)


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))
