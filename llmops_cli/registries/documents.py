"""What a registry says of an image: its manifest, or a list of them, and its configuration."""

import json
from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, Field, ValidationError

#: Every form of manifest that we read; the registry sends the one that it has.
ACCEPTED = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)
_DIGEST = r"^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$"

Kind = TypeVar("Kind", bound=BaseModel)


class Platform(BaseModel):
    """What a manifest of a list runs on; ``unknown`` for those that only tell about others."""

    os: str = ""
    architecture: str = ""


class Descriptor(BaseModel):
    """Something else that the registry holds, by its digest."""

    digest: str = Field(pattern=_DIGEST)
    platform: Platform = Platform()


class Manifest(BaseModel):
    """An image (with ``config``), or one image for each of several platforms (``manifests``)."""

    config: Descriptor | None = None
    manifests: list[Descriptor] = []

    @property
    def images(self) -> list[Descriptor]:
        """The manifests of a list that are images, and not statements about one."""
        return [one for one in self.manifests if one.platform.os != "unknown"]


class _Settings(BaseModel):
    labels: dict[str, str] | None = Field(default=None, alias="Labels")


class Configuration(BaseModel):
    """The configuration of an image, as far as it is of use here."""

    config: _Settings | None = None

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels of the image."""
        return (self.config.labels if self.config else None) or {}


def read(kind: type[Kind], body: bytes) -> Kind:
    """Return a document of that kind.

    Raises:
        ValueError: the text is no JSON, or not such a document.
    """
    try:
        return kind.model_validate(json.loads(body))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise ValueError(f"{place}: {problem['msg']}") from error
