"""A container app and its revisions, read from what Azure answers, which is untidy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Share:
    """A part of the traffic, in percent, and who gets it; ``label`` gives it an address besides."""

    revision: str
    weight: int
    label: str = ""


@dataclass(frozen=True)
class AppSecret:
    """A secret of the app: a reference to a Key Vault, or a value that only Azure tells."""

    name: str
    vault_url: str = ""
    identity: str = ""

    @property
    def is_inline(self) -> bool:
        """Whether its value is kept in the app itself."""
        return not self.vault_url


@dataclass(frozen=True)
class Revision:
    """One revision: the unchangeable template that it runs, and how it is doing.

    Azure leaves out what it does not know: ``replicas`` is None then, and states are empty. States
    are in lower case. ``template`` is as Azure answered it.
    """

    name: str
    is_active: bool
    fqdn: str = ""
    created: datetime | None = None
    replicas: int | None = None
    provisioning: str = ""
    running: str = ""
    health: str = ""
    error: str = ""
    template: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class App:
    """What is of the app and not of a revision. ``shares`` name revisions, never "the latest"."""

    name: str
    location: str
    tags: Mapping[str, str]
    shares: tuple[Share, ...]
    is_multiple: bool
    is_stopped: bool = False
    is_changing: bool = False
    fqdn: str = ""
    target_port: int | None = None
    has_ingress: bool = False
    is_external: bool = True
    identities: frozenset[str] = frozenset()
    secrets: tuple[AppSecret, ...] = ()
    registries: tuple[Mapping[str, Any], ...] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict, compare=False)
    template: Mapping[str, Any] = field(default_factory=dict, compare=False)
    latest: str = ""
    events_url: str = ""
    workload_profile: str = ""

    @property
    def carrying(self) -> dict[str, int]:
        """The revisions that have traffic, and how many percent."""
        found: dict[str, int] = {}
        for share in self.shares:
            if share.weight:
                found[share.revision] = found.get(share.revision, 0) + share.weight
        return found


def app_from(document: Mapping[str, Any]) -> App:
    """Read the app from Azure's answer."""
    properties = _table(document, "properties")
    configuration = _table(properties, "configuration")
    ingress = _table(configuration, "ingress")
    identities = _table(_table(document, "identity"), "userAssignedIdentities")
    latest = _text(properties, "latestReadyRevisionName") or _text(properties, "latestRevisionName")
    return App(
        name=_text(document, "name"),
        location=_text(document, "location"),
        tags={str(key): str(value) for key, value in _table(document, "tags").items() if value},
        shares=tuple(_shares(ingress, latest)),
        is_multiple=_text(configuration, "activeRevisionsMode").lower() == "multiple",
        is_stopped=_text(properties, "runningStatus").lower() == "stopped",
        is_changing=_text(properties, "provisioningState").lower() == "inprogress",
        fqdn=_text(ingress, "fqdn"),
        target_port=ingress.get("targetPort"),
        has_ingress=bool(ingress),
        is_external=bool(ingress.get("external", True)),
        identities=frozenset(key.lower() for key in identities),
        secrets=tuple(_secret(found) for found in configuration.get("secrets") or ()),
        registries=tuple(configuration.get("registries") or ()),
        configuration=configuration,
        template=_table(properties, "template"),
        latest=_text(properties, "latestRevisionName"),
        events_url=_text(properties, "eventStreamEndpoint"),
        workload_profile=_text(properties, "workloadProfileName"),
    )


def revision_from(document: Mapping[str, Any]) -> Revision:
    """Read a revision from Azure's answer."""
    properties = _table(document, "properties")
    return Revision(
        name=_text(document, "name"),
        is_active=bool(properties.get("active")),
        fqdn=_text(properties, "fqdn"),
        created=_moment(_text(properties, "createdTime")),
        replicas=properties.get("replicas"),
        provisioning=_text(properties, "provisioningState").lower(),
        running=_text(properties, "runningState").lower(),
        health=_text(properties, "healthState").lower(),
        error=_text(properties, "provisioningError"),
        template=_table(properties, "template"),
    )


def containers_of(template: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the containers of a template."""
    return tuple(template.get("containers") or ())


def secrets_used(document: object) -> Iterator[str]:
    """Yield the names of secrets that a part of an answer refers to, wherever it does."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            if key in ("secretRef", "passwordSecretRef", "clientSecretSettingName") and value:
                yield str(value)
            else:
                yield from secrets_used(value)
    elif isinstance(document, list | tuple):
        for part in document:
            yield from secrets_used(part)


def _shares(ingress: Mapping[str, Any], latest: str) -> Iterator[Share]:
    for found in ingress.get("traffic") or ():
        # "The latest" means the latest that is ready, and changes without anybody asking for it.
        name = _text(found, "revisionName") or (latest if found.get("latestRevision") else "")
        if name:
            yield Share(name, int(found.get("weight") or 0), _text(found, "label"))


def _secret(found: Mapping[str, Any]) -> AppSecret:
    return AppSecret(_text(found, "name"), _text(found, "keyVaultUrl"), _text(found, "identity"))


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}


def _text(document: Mapping[str, Any], key: str) -> str:
    found = document.get(key)
    return str(found) if found else ""


def _moment(text: str) -> datetime | None:
    try:
        # Seven digits of a second, which Python reads up to the sixth.
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None
