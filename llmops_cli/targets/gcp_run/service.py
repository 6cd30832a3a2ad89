"""A service of Cloud Run and its revisions, read from what Google answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_SUCCEEDED, _FAILED = "CONDITION_SUCCEEDED", "CONDITION_FAILED"
_LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
_HARMLESS = ("WARNING", "INFO")
_NO_REASON = ("", "COMMON_REASON_UNDEFINED", "REVISION_REASON_UNDEFINED")


@dataclass(frozen=True)
class Share:
    """A part of the traffic, in percent, and who gets it; a ``tag`` gives it an address besides."""

    revision: str
    percent: int = 0
    tag: str = ""
    uri: str = ""


@dataclass(frozen=True)
class Condition:
    """What Google says of one side of a service or a revision."""

    kind: str = ""
    state: str = ""
    reason: str = ""
    message: str = ""
    severity: str = ""

    @property
    def is_so(self) -> bool:
        """Whether it is as it should be."""
        return self.state == _SUCCEEDED

    @property
    def has_failed(self) -> bool:
        """Whether it will not come to be as it should be.

        What is merely at rest, because nobody is sent to it, "fails" for the information of people.
        """
        return self.state == _FAILED and self.severity not in _HARMLESS

    def __str__(self) -> str:
        state = self.state.removeprefix("CONDITION_").lower()
        said = " ".join(part for part in (self.reason, self.message) if part)
        return f"{self.kind or 'State'} {state or 'not told'}" + (f": {said}" if said else "")


@dataclass(frozen=True)
class Variable:
    """A variable of a container: its value, or the secret that holds it."""

    name: str
    value: str = ""
    secret: str = ""


@dataclass(frozen=True)
class Revision:
    """One revision: the unchangeable container that it runs, and how it is doing."""

    name: str
    image: str = ""
    variables: tuple[Variable, ...] = ()
    created: datetime | None = None
    is_changing: bool = False
    conditions: tuple[Condition, ...] = ()

    @property
    def ready(self) -> Condition:
        """What Google says of it as a whole."""
        return next((one for one in self.conditions if one.kind == "Ready"), Condition("Ready"))


@dataclass(frozen=True)
class Service:
    """What is of the service and not of a revision.

    ``shares`` are the traffic as it was asked for, and ``observed`` as it is; both name revisions,
    and never "the latest", which ``follows_latest`` tells. ``message`` is as Google answered.
    """

    name: str
    etag: str = ""
    shares: tuple[Share, ...] = ()
    observed: tuple[Share, ...] = ()
    follows_latest: bool = False
    uri: str = ""
    is_changing: bool = False
    is_disabled: bool = False
    is_public: bool = False
    condition: Condition = field(default_factory=Condition)
    latest: str = ""
    message: Any = field(default=None, compare=False, repr=False)

    @property
    def carrying(self) -> dict[str, int]:
        """The revisions that are to have traffic, and how many percent."""
        return carrying(self.shares)

    def address_of(self, revision: str, tag: str) -> str:
        """Return the address that a tag gives to a revision; nothing where it is not there yet."""
        found = (one.uri for one in self.observed if (one.revision, one.tag) == (revision, tag))
        return next((uri for uri in found if uri), "")


def carrying(shares: Iterable[Share]) -> dict[str, int]:
    """Return the revisions that have traffic, and how many percent."""
    found: dict[str, int] = {}
    for share in shares:
        if share.percent:
            found[share.revision] = found.get(share.revision, 0) + share.percent
    return found


def service_from(message: Any) -> Service:
    """Read a service from Google's answer (google.cloud.run_v2.Service)."""
    latest = _short(message.latest_ready_revision) or _short(message.latest_created_revision)
    shares = tuple(_share(one, latest) for one in message.traffic)
    is_settled = message.observed_generation == message.generation
    return Service(
        name=_short(message.name),
        etag=message.etag,
        # No traffic at all means all of it for the latest.
        shares=shares or ((Share(latest, 100),) if latest else ()),
        observed=tuple(_share(one, latest) for one in message.traffic_statuses),
        follows_latest=not shares or any(one.type_.name == _LATEST for one in message.traffic),
        uri=message.uri,
        is_changing=bool(message.reconciling) or not is_settled,
        is_disabled=_is_disabled(message.scaling),
        is_public=bool(message.invoker_iam_disabled),
        condition=_condition(message.terminal_condition),
        latest=_short(message.latest_created_revision),
        message=message,
    )


def revision_from(message: Any) -> Revision:
    """Read a revision from Google's answer (google.cloud.run_v2.Revision)."""
    container = main_container(message.containers)
    return Revision(
        name=_short(message.name),
        image=container.image if container else "",
        variables=tuple(_variables(container)) if container else (),
        created=message.create_time or None,
        is_changing=bool(message.reconciling),
        conditions=tuple(_condition(one) for one in message.conditions),
    )


def main_container(containers: Iterable[Any]) -> Any:
    """Return the container that gets the requests, the one with a port; or None."""
    found = list(containers)
    return next((one for one in found if one.ports), found[0] if found else None)


def resolved(labels: Mapping[str, str]) -> dict[str, str]:
    """Return labels without those that Google keeps for itself."""
    return {key: value for key, value in labels.items() if ".googleapis.com" not in key}


def _share(message: Any, latest: str) -> Share:
    name = _short(message.revision) or latest
    return Share(name, int(message.percent), message.tag, getattr(message, "uri", ""))


def _condition(message: Any) -> Condition:
    reasons = [message.reason.name, message.revision_reason.name]
    reason = next((one for one in reasons if one not in _NO_REASON), "")
    return Condition(
        message.type_,
        message.state.name,
        reason,
        " ".join(message.message.split()),
        message.severity.name,
    )


def _variables(container: Any) -> Iterable[Variable]:
    for one in container.env:
        yield Variable(one.name, one.value, one.value_source.secret_key_ref.secret)


def _is_disabled(scaling: Any) -> bool:
    """Whether the service is switched off: scaled by hand, to nothing."""
    return scaling.scaling_mode.name == "MANUAL" and not scaling.manual_instance_count


def _short(name: str) -> str:
    return str(name).rpartition("/")[2]
