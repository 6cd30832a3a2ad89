"""What the bootstrap is to make of a host, as it comes over the connection."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.hosts.agent.trouble import RefusedError

#: Where a certificate comes from.
GENERATED, ACME, SECRET, PATH = "generated", "acme", "secret", "path"


@dataclass(frozen=True)
class Site:
    """The text of nginx's site, for versions of nginx from ``since`` on."""

    since: Sequence[int]
    text: str


@dataclass(frozen=True)
class Certificate:
    """Where nginx's certificate comes from, and its names, as in ``DNS:api.example.com``.

    ``secret`` is the name of a secret, ``path`` that of a file of the operator; ``email`` is for
    the certificate authority.
    """

    origin: str
    names: Sequence[str]
    secret: str = ""
    path: str = ""
    key_path: str = ""
    email: str = ""


@dataclass(frozen=True)
class Wanted:
    """The bootstrap of one service. ``python`` is what its releases will run on, ``libraries``
    what they need besides: packages of Debian by the library that is looked for.
    """

    sites: Sequence[Site]
    boot_unit: str
    certificate: Certificate
    port: int = 443
    python: str = "python3"
    has_stack: bool = False
    libraries: Mapping[str, str] = field(default_factory=dict)

    def site(self, nginx: Sequence[int]) -> str:
        """Return the text for a version of nginx."""
        fitting = [site for site in self.sites if tuple(site.since) <= tuple(nginx)]
        return max(fitting, key=lambda site: tuple(site.since)).text

    @staticmethod
    def read(document: Mapping[str, Any]) -> "Wanted":
        """Read what `dataclasses.asdict` made of one.

        Raises:
            RefusedError: it is not one.
        """
        try:
            sites = [Site(**site) for site in document["sites"]]
            certificate = Certificate(**document["certificate"])
            return Wanted(**{**document, "sites": sites, "certificate": certificate})
        except (KeyError, TypeError) as error:
            raise RefusedError("What is wanted of the host is not understood.") from error


@dataclass(frozen=True)
class Change:
    """What becomes of one part of a host: ``create``, ``update`` or ``destroy``, and why."""

    address: str
    action: str
    because: Sequence[str] = ()
