"""What the profile of a target runs beside the API, ready for the stack's file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmops_cli.stacks.service import Service


@dataclass(frozen=True)
class Volume:
    """A volume of the file. One that is not external is made by compose, and kept by it."""

    name: str
    is_external: bool = True


@dataclass(frozen=True)
class ConfigFiles:
    """The texts of a service's configuration by their paths, and the volume that has them."""

    service: str
    volume: str
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Beside:
    """What runs beside the API: the services by name, their part of the file, their volumes.

    ``files`` are to be in volumes before they start; ``api_secrets`` are the secrets that a
    release gets; ``definitions`` names what each service is made from; ``secret_versions`` are
    those of the secrets that the services read.
    """

    names: tuple[str, ...] = ()
    text: str = ""
    volumes: tuple[Volume, ...] = ()
    files: tuple[ConfigFiles, ...] = ()
    api_secrets: tuple[str, ...] = ()
    definitions: Mapping[str, str] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    secret_versions: Mapping[str, str] = field(default_factory=dict)
