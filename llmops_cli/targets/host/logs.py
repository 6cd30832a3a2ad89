"""What the live release writes on all hosts, in one stream."""

import queue
import threading
from collections.abc import Iterator

from llmops_cli.errors import LlmopsError
from llmops_cli.hosts.session import Session
from llmops_cli.targets.host.place import Place

#: Lines that wait for who reads them.
_MOST_LINES = 1000


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
    """Yield what comes from several hosts, as it comes, until all of them have ended."""
    came: queue.Queue[str | None] = queue.Queue(_MOST_LINES)
    sessions = {host: place.hosts.session(host) for host in hosts}

    def read(host: str, session: Session) -> None:
        try:
            for line in _of(session, lines, follow=True):
                came.put(f"{host} | {line}")
        except LlmopsError as error:
            came.put(f"{host} | {error.message}")
        finally:
            came.put(None)

    for host, session in sessions.items():
        threading.Thread(target=read, args=(host, session), daemon=True).start()
    left = len(sessions)
    try:
        while left:
            line = came.get()
            if line is None:
                left -= 1
            else:
                yield line
    finally:
        place.hosts.close()
