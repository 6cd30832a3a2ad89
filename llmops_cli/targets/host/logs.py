"""What the live release writes on all hosts, in one stream."""

from collections.abc import Iterator

from llmops_cli.hosts.session import Session
from llmops_cli.stacks.logs import together
from llmops_cli.targets.host.place import Place


def logs(place: Place, *, lines: int, follow: bool) -> Iterator[str]:
    """Yield the last lines of what is live on each host, then, if followed, what comes.

    Of several hosts each line begins with its host's name.
    """
    unreached = place.hosts.reached()
    for host, error in unreached.items():
        yield f"{host} | {error.message}"
    hosts = [host for host in place.hosts.names if host not in unreached]
    if place.is_one:
        yield from _of(place.hosts.session(hosts[0]), lines, follow=follow)
        return
    if not follow:
        for host in hosts:
            for line in _of(place.hosts.session(host), lines, follow=False):
                yield f"{host} | {line}"
        return
    yield from _together(place, hosts, lines)


def _of(session: Session, lines: int, *, follow: bool) -> Iterator[str]:
    return session.follow("logs", release=None, lines=lines, follow=follow)


def _together(place: Place, hosts: list[str], lines: int) -> Iterator[str]:
    sessions = {host: place.hosts.session(host) for host in hosts}
    sources = {host: _of(session, lines, follow=True) for host, session in sessions.items()}
    try:
        yield from together(sources)
    finally:
        place.hosts.close()
