"""What one side of an app is and runs, read from what Azure says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmops_cli.targets.azure_webapp.settings import DOCKER, RELEASE
from llmops_cli.targets.azure_webapp.side import Side

_SYSTEM = "systemassigned"


@dataclass(frozen=True)
class Place:
    """A side as it was read. ``image`` is its linuxFxVersion, ``reader`` who reads its secrets.

    ``identities`` are resource ids in lower case, and ``systemassigned`` where it has an own one.
    """

    title: str
    host: str
    state: str
    kind: str
    plan: str
    is_https_only: bool
    identities: frozenset[str]
    reader: str
    image: str
    pulls_as_identity: bool
    puller: str
    auto_swap: str
    settings: Mapping[str, str]

    @property
    def release(self) -> str:
        """The id of the release that its settings name; nothing where they name none."""
        return self.settings.get(RELEASE, "")

    @property
    def url(self) -> str:
        """Its own address."""
        return f"https://{self.host}"

    @property
    def pinned(self) -> str:
        """The image without the word before it."""
        return self.image.removeprefix(DOCKER)

    @property
    def is_running(self) -> bool:
        """Whether Azure means it to run; a container that ends all the time makes no difference."""
        return self.state.lower() == "running"

    def has_identity(self, wanted: str | None) -> bool:
        """Whether it has that user-assigned identity, or any of its own where none is named."""
        return (wanted or _SYSTEM).lower() in self.identities


def read_place(side: Side) -> Place | None:
    """Read a side: three requests. None where there is no such app or slot."""
    site = side.site()
    return None if site is None else _place(side, site)


def _place(side: Side, site: Mapping[str, Any]) -> Place:
    properties, configuration = site.get("properties") or {}, side.configuration()
    return Place(
        title=side.title,
        host=_host(properties),
        state=str(properties.get("state") or ""),
        kind=str(site.get("kind") or ""),
        plan=str(properties.get("serverFarmId") or ""),
        is_https_only=bool(properties.get("httpsOnly")),
        identities=_identities(site.get("identity") or {}),
        reader=str(properties.get("keyVaultReferenceIdentity") or "SystemAssigned"),
        image=str(configuration.get("linuxFxVersion") or ""),
        pulls_as_identity=bool(configuration.get("acrUseManagedIdentityCreds")),
        puller=str(configuration.get("acrUserManagedIdentityID") or ""),
        auto_swap=str(configuration.get("autoSwapSlotName") or ""),
        settings=side.settings(),
    )


def _host(properties: Mapping[str, Any]) -> str:
    hosts = [*(properties.get("hostNames") or ()), *(properties.get("enabledHostNames") or ())]
    return str(properties.get("defaultHostName") or next(iter(hosts), ""))


def _identities(identity: Mapping[str, Any]) -> frozenset[str]:
    own = {_SYSTEM} if _SYSTEM in str(identity.get("type") or "").lower() else set()
    return frozenset({*own, *(id.lower() for id in identity.get("userAssignedIdentities") or {})})
