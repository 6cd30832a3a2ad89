"""An endpoint, the models that are deployed to it, and versions, read from Google's messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Deployed:
    """A version that is deployed: machines run it, and are paid for, whatever its traffic.

    ``replicas`` is None where Google does not say; ``message`` is its word of what is not well.
    """

    id: str
    version: str
    name: str
    created: datetime | None = None
    replicas: int | None = None
    message: str = ""


@dataclass(frozen=True)
class Endpoint:
    """An endpoint. ``traffic`` maps ids of what is deployed to percent, without those of none."""

    name: str
    display_name: str
    etag: str
    deployed: tuple[Deployed, ...]
    traffic: Mapping[str, int]
    dedicated_host: str = ""

    def by_id(self, id: str) -> Deployed | None:
        """Return what is deployed under an id."""
        return next((one for one in self.deployed if one.id == id), None)

    def of_version(self, version: str) -> Deployed | None:
        """Return how a version is deployed; where it is twice, the one with the most traffic."""
        found = [one for one in self.deployed if one.version == version]
        return max(found, key=lambda one: self.traffic.get(one.id, 0), default=None)

    @property
    def serving(self) -> Deployed | None:
        """Who has the most of the traffic."""
        id = max(self.traffic, key=lambda one: self.traffic[one], default="")
        return self.by_id(id)


@dataclass(frozen=True)
class Version:
    """A version of the model: the image and the environment that a release runs as."""

    id: str
    aliases: tuple[str, ...]
    image: str
    environment: Mapping[str, str] = field(compare=False)
    created: datetime | None = None

    @property
    def number(self) -> int:
        """The id as a number, by which the newest is found."""
        return int(self.id) if self.id.isdigit() else 0


def endpoint_from(message: Any) -> Endpoint:
    """Read an endpoint."""
    return Endpoint(
        name=message.name,
        display_name=message.display_name,
        etag=message.etag,
        deployed=tuple(_deployed(one) for one in message.deployed_models),
        traffic={id: share for id, share in dict(message.traffic_split).items() if share},
        dedicated_host=message.dedicated_endpoint_dns if message.dedicated_endpoint_enabled else "",
    )


def version_from(message: Any) -> Version:
    """Read a version of a model."""
    spec = message.container_spec
    return Version(
        id=message.version_id,
        aliases=tuple(message.version_aliases),
        image=spec.image_uri,
        environment={one.name: one.value for one in spec.env},
        created=message.version_create_time,
    )


def _deployed(message: Any) -> Deployed:
    # Google names the version in one field, or behind the model's name, or in both.
    version = message.model_version_id or message.model.partition("@")[2]
    status = message.status if "status" in message else None
    return Deployed(
        id=message.id,
        version=version,
        name=message.display_name,
        created=message.create_time,
        replicas=status.available_replica_count if status else None,
        message=status.message if status else "",
    )
