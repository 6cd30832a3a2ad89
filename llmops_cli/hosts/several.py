"""The hosts of a target: the same question to all of them at once."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from llmops_cli.errors import LlmopsError
from llmops_cli.hosts.layout import HostLayout
from llmops_cli.hosts.opening import open_session
from llmops_cli.hosts.session import Session
from llmops_cli.hosts.shipping import Package, agent_package
from llmops_cli.hosts.ssh import Ssh
from llmops_cli.hosts.trouble import UnreachableError, gathered


@dataclass
class _Open:
    """What is open, what was tried in vain, and how much was sent over what is closed by now."""

    sessions: dict[str, Session] = field(default_factory=dict)
    failed: dict[str, LlmopsError] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)
    interrupted: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Hosts:
    """Hosts by name, as the project lists them, in its order. Opens sessions when first asked.

    ``may_fail`` of them need not be reached; ``python`` is what runs the agent there; ``refusal``
    says why none may be asked.
    """

    names: Sequence[str]
    layout: HostLayout
    may_fail: int = 0
    ssh: Ssh = field(default_factory=Ssh)
    python: str = "python3"
    make_package: Callable[[], Package] = agent_package
    refusal: LlmopsError | None = None
    _open: _Open = field(default_factory=_Open, init=False, repr=False, compare=False)

    @cached_property
    def _package(self) -> Package:
        return self.make_package()

    def session(self, host: str) -> Session:
        """Return the open session of a host, or open one.

        Raises:
            LlmopsError: it cannot be opened; this is found out once until `forget` or `close`.
        """
        if self.refusal is not None:
            raise self.refusal
        with self._open.guard:
            found = self._open.sessions.get(host)
            if found is not None and found.is_open:
                return found
            known = self._open.failed.get(host)
        if known is not None:
            raise known
        try:
            opened = open_session(self.ssh, host, self.layout.app, self.python, self._package)
        except LlmopsError as error:
            with self._open.guard:
                self._open.failed[host] = error
            raise
        with self._open.guard:
            self._open.sessions[host] = opened
        return opened

    def is_idle(self, host: str) -> bool:
        """Whether there is an open session that keeps no lock."""
        with self._open.guard:
            session = self._open.sessions.get(host)
        return session is not None and session.is_open and not session.is_kept_alive

    def forget(self, host: str) -> None:
        """End the session of a host, if there is one, so that it is tried anew."""
        with self._open.guard:
            self._open.failed.pop(host, None)
            session = self._open.sessions.pop(host, None)
        if session is not None:
            session.close()
            self._open.sent[host] = self._open.sent.get(host, 0) + session.sent

    def reached(self) -> Mapping[str, LlmopsError]:
        """Open what is not open yet, and return the hosts that are not reached, with the reason.

        Raises:
            LlmopsError: one fails in another way, or none is reached.
        """
        failed: dict[str, LlmopsError] = {}

        def look(host: str) -> None:
            try:
                self.session(host)
            except UnreachableError as error:
                failed[host] = error

        self.at_once(look, self.names)
        if len(failed) == len(self.names):
            raise gathered(failed, self.names)
        return {host: failed[host] for host in self.names if host in failed}

    @property
    def there(self) -> Sequence[str]:
        """The hosts that are reached, of which not more may fail than the project lets.

        Raises:
            LlmopsError: too few are reached.
        """
        failed = self.reached()
        if len(failed) > self.may_fail:
            raise gathered(failed, self.names)
        return tuple(host for host in self.names if host not in failed)

    @property
    def sent(self) -> Mapping[str, int]:
        """How many bytes were sent to each host, before ssh compresses them."""
        with self._open.guard:
            found = dict(self._open.sent)
            for host, session in self._open.sessions.items():
                found[host] = found.get(host, 0) + session.sent
        return found

    def pause(self, seconds: float) -> bool:
        """Wait before a host is tried again; False where the operator wants no more of it."""
        return not self._open.interrupted.wait(seconds)

    def each(
        self, do: Callable[[str, Session], Any], among: Sequence[str] | None = None
    ) -> Mapping[str, Any]:
        """Do the same at all hosts (or those ``among`` them) at once; return answers by host.

        Raises:
            LlmopsError: at some it failed; all have ended by then, and each that failed is told.
        """
        asked = self.names if among is None else among
        return self.at_once(lambda host: do(host, self.session(host)), asked)

    def close(self) -> None:
        """End all sessions."""
        self.at_once(self.forget, self.names)

    def at_once(self, do: Callable[[str], Any], asked: Sequence[str]) -> Mapping[str, Any]:
        """Do the same for hosts at once, without a session; errors as of `each`."""
        if not asked:
            return {}
        self._open.interrupted.clear()
        with ThreadPoolExecutor(len(asked)) as pool:
            futures = {host: pool.submit(do, host) for host in asked}
            try:
                return _answers(futures, asked)
            except KeyboardInterrupt:
                # Wakes who waits for an answer; the hosts put back what they have half done.
                self._open.interrupted.set()
                self._hang_up(asked)
                raise

    def _hang_up(self, asked: Sequence[str]) -> None:
        with self._open.guard:
            sessions = [self._open.sessions[h] for h in asked if h in self._open.sessions]
        closing = [threading.Thread(target=session.close) for session in sessions]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()


def _answers(futures: Mapping[str, "Future[Any]"], asked: Sequence[str]) -> Mapping[str, Any]:
    answers, failed = {}, {}
    for host, future in futures.items():
        try:
            answers[host] = future.result()
        except LlmopsError as error:
            failed[host] = error
    if failed:
        raise gathered(failed, asked)
    return answers
