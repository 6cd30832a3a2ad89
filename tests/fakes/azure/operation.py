"""The services that are faked, in the versions that we speak, and what an operation of one is."""

import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.fakes.azure.models import Shape

ARM = "https://management.azure.com"
VAULT = "https://vault.azure.net"


@dataclass(frozen=True)
class Service:
    """A package with a generated client; ``version`` is the version of the interface we speak."""

    package: str
    operations: str
    version: str
    audience: str = ARM

    @property
    def folder(self) -> Path | None:
        """Where its modules are, or None: it is not installed."""
        try:
            found = importlib.util.find_spec(self.package.replace("-", "."))
        except ModuleNotFoundError:
            return None
        return Path(found.origin).parent if found and found.origin else None


SERVICES = (
    Service("azure-mgmt-web", "operations/_operations.py", "2025-05-01"),
    Service("azure-mgmt-appcontainers", "operations/_operations.py", "2025-07-01"),
    Service("azure-mgmt-containerregistry", "operations/_operations.py", "2025-11-01"),
    # Not a package that we need: it only tells what builds in a registry are asked for with.
    Service("azure-mgmt-containerregistrytasks", "operations/_operations.py", "2019-06-01-preview"),
    Service(
        "azure-keyvault-secrets", "_generated/_operations/_operations.py", "7.6", audience=VAULT
    ),
)


#: What the packages' models have of later versions than those we speak, by model: the services
#: would not take it. Found by comparison with other descriptions of the pinned versions.
LATER: Mapping[str, Sequence[str]] = {
    "ContainerAppProperties": ("networking",),
    "ManagedEnvironmentProperties": (
        "appInsightsConfiguration",
        "environmentMode",
        "openTelemetryConfiguration",
    ),
    "Scale": ("allowScalingRuleOverride",),
}


@dataclass(frozen=True)
class Operation:
    """One operation: how it is asked for, and which answers it may give."""

    name: str
    package: str
    version: str
    audience: str
    method: str
    template: str
    query: dict[str, dict[str, Any]]
    body: Shape | None
    result: Shape | None
    statuses: list[int]
    definitions: dict[str, dict[str, Any]] = field(repr=False)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What the paths look like; case makes no difference to Azure."""
        parts = re.split(r"\{[^}]*\}", self.template.rstrip("/"))
        text = "([^/]+)".join(map(re.escape, parts)) + "/?"
        # The version of a secret is left empty by whom asks for the newest.
        return re.compile(text.replace("/([^/]+)/?", "/([^/]*)/?"), re.IGNORECASE)

    @property
    def names(self) -> list[str]:
        """The names of the path's parameters, in order."""
        return re.findall(r"\{([^}]*)\}", self.template)
