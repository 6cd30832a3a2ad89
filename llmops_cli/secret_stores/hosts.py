"""Secrets on the hosts that use them: the same versions on each, readable by root alone."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from llmops_cli.core.secret import Secret
from llmops_cli.errors import LlmopsError, UsageError
from llmops_cli.hosts.session import Session
from llmops_cli.hosts.several import Hosts
from llmops_cli.hosts.trouble import RefusedError

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,127}")
#: More than any host keeps.
_ALL_RELEASES = 10_000


@dataclass(frozen=True)
class _Versions:
    """The versions of a secret on one host, from the oldest: those that count, and the others."""

    good: Sequence[str]
    proposed: Sequence[str]


@dataclass(frozen=True)
class HostStore:
    """Implements `core.target.SecretStore` on all hosts at once.

    A version is named by the moment at which it was written, in digits: it is the same on every
    host, also where one was not there for a while. Hosts that need not be reached are passed over.
    """

    hosts: Hosts
    _known: dict[tuple[str, str], Secret] = field(default_factory=dict, init=False, repr=False)

    def current_version(self, name: str) -> str | None:
        """Return the newest version that every host has, or None."""
        found = list(self._versions(name).values())
        good = [set(one.good) for one in found]
        return max(set.intersection(*good), key=int, default=None) if good else None

    def read(self, name: str, version: str | None = None) -> Secret | None:
        """Return a value, the newest unless a version is named; None where there is none."""
        wanted = version or self.current_version(name)
        if wanted is None:
            return None
        if (name, wanted) not in self._known:
            value = self._value(name, wanted)
            if value is None:
                return None
            self._known[name, wanted] = Secret(value)
        return self._known[name, wanted]

    def write(self, name: str, value: Secret) -> str:
        """Store a value as the newest version on all hosts, or on none."""
        return self._add(name, value, is_proposed=False)

    def remove(self, name: str) -> str:
        """Remove every version of a secret."""
        _require_name(name)
        users = self._users(name)
        self._known.clear()
        self._each(lambda session: session.ask("secret_remove", name=name))
        if not users:
            return ""
        return f"Releases that used it cannot be gone back to: {', '.join(users)}."

    def names(self) -> Sequence[str]:
        """Return the names of the secrets that have a value."""
        answers = self._each(lambda session: session.ask("secret_names")["names"])
        return tuple(sorted({name for names in answers.values() for name in names}))

    def propose(self, name: str, value: Secret) -> str:
        """Store a value as a version that is not current until it is accepted."""
        return self._add(name, value, is_proposed=True)

    def accept(self, name: str, version: str) -> None:
        """Make a proposed version the current one."""
        self._each(lambda session: session.ask("secret_accept", name=name, version=version))

    def withdraw(self, name: str, version: str) -> None:
        """Remove a proposed version."""
        self._known.pop((name, version), None)
        self._each(lambda session: session.ask("secret_withdraw", name=name, version=version))

    def _add(self, name: str, value: Secret, *, is_proposed: bool) -> str:
        _require_name(name)
        there = self._versions(name).values()
        newest = [int(version) for one in there for version in (*one.good, *one.proposed)]
        version = str(max([_now(), *(number + 1 for number in newest)]))
        payload = value.reveal().encode()
        details: dict[str, Any] = {"name": name, "version": version, "proposed": True}
        # Proposed on all hosts first, it counts on none of them unless all of them have it.
        try:
            self._each(lambda session: _write(session, payload, details))
            if not is_proposed:
                self.accept(name, version)
        except (LlmopsError, KeyboardInterrupt) as error:
            self._withdraw_everywhere(name, version, error)
            raise
        return version

    def _withdraw_everywhere(self, name: str, version: str, cause: BaseException) -> None:
        left = []
        for host in self.hosts.there:
            try:
                self.hosts.session(host).ask("secret_withdraw", name=name, version=version)
            except LlmopsError:
                left.append(host)
        if isinstance(cause, LlmopsError):
            where = f" It may be on {', '.join(left)} still, and counts nowhere." if left else ""
            cause.state = f"Nothing was stored.{where}"

    def _value(self, name: str, version: str) -> str | None:
        for host in self.hosts.there:
            answer = self.hosts.session(host).ask("secret_read", name=name, version=version)
            if answer.get("value") is not None:
                return str(answer["value"])
        return None

    def _versions(self, name: str) -> Mapping[str, _Versions]:
        answers = self._each(lambda session: session.ask("secret_versions", name=name))
        return {
            host: _Versions(answer["versions"], answer["proposed"])
            for host, answer in answers.items()
        }

    def _users(self, name: str) -> list[str]:
        answers = self._each(lambda session: session.ask("kept", limit=_ALL_RELEASES)["releases"])
        found = {
            kept["release"]["id"]: None
            for releases in answers.values()
            for kept in releases
            if name in kept["release"]["secret_versions"]
        }
        return list(found)

    def _each(self, do: Callable[[Session], Any]) -> Mapping[str, Any]:
        return self.hosts.each(lambda _host, session: do(session), self.hosts.there)


def _write(session: Session, payload: bytes, details: Mapping[str, Any]) -> None:
    try:
        session.ask("secret_write", payload=payload, **details)
    except RefusedError as error:
        if error.why == "missing":
            error.next_step = "llmops infra apply"
        raise


def _now() -> int:
    """Return the moment in digits, to the microsecond: a later one is a greater number."""
    return int(f"{datetime.now(UTC):%Y%m%d%H%M%S%f}")


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be the name of a secret.",
            next_step="Use capital letters, digits and underscores, as in OPENAI_API_KEY.",
        )
