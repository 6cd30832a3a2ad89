"""Secrets that some of the hosts have and others lack, such as a host that was just added."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmops_cli.errors import StateUnknownError
from llmops_cli.hosts.session import Session
from llmops_cli.hosts.several import Hosts

#: Of every host, the versions of its secrets by their names.
Held = Mapping[str, Mapping[str, Sequence[str]]]


@dataclass(frozen=True)
class Copy:
    """A version of a secret that one host gives and another gets."""

    name: str
    version: str
    from_host: str
    to_host: str


def held_by(hosts: Hosts) -> Held:
    """Return what every host holds; of what is merely proposed, nothing."""

    def look(_: str, session: Session) -> Mapping[str, Sequence[str]]:
        return {name: _versions(session, name) for name in session.ask("secret_names")["names"]}

    return hosts.each(look)


def copies(held: Held) -> Iterator[Copy]:
    """Yield what has to be copied for every host to hold what any holds, oldest versions first."""
    owners: dict[tuple[str, str], str] = {}
    for host, secrets in held.items():
        for name, versions in secrets.items():
            for version in versions:
                owners.setdefault((name, version), host)
    for (name, version), owner in sorted(owners.items(), key=_by_age):
        for host in held:
            if version not in held[host].get(name, ()):
                yield Copy(name, version, owner, host)


def copy_to(hosts: Hosts, copy: Copy) -> None:
    """Copy a version of a secret from one host to another, through the memory of this machine.

    Raises:
        StateUnknownError: the host that has it no longer has it.
    """
    source = hosts.session(copy.from_host)
    value = source.ask("secret_read", name=copy.name, version=copy.version)["value"]
    if value is None:
        raise StateUnknownError(
            f"{copy.from_host} no longer holds {copy.name}.",
            state=f"The hosts are made; {copy.to_host} lacks {copy.name}.",
            next_step="llmops infra apply",
        )
    hosts.session(copy.to_host).ask(
        "secret_write", name=copy.name, version=copy.version, proposed=False, payload=value.encode()
    )


def _versions(session: Session, name: str) -> Sequence[str]:
    answer = session.ask("secret_versions", name=name)
    proposed = answer.get("proposed") or ()
    return [version for version in answer["versions"] if version not in proposed]


def _by_age(item: tuple[tuple[str, str], str]) -> tuple[str, int]:
    (name, version), _ = item
    return name, int(version)
