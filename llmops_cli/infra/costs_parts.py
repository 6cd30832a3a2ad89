"""What a plan of Terraform (`show -json`) would leave behind, by type."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True)
class Parts:
    """The resources and the variables of a plan."""

    plan: Mapping[str, Any]

    @cached_property
    def resources(self) -> tuple[Mapping[str, Any], ...]:
        """Every resource that there will be, made or unchanged; data sources are none."""
        module = self.plan.get("planned_values", {}).get("root_module", {})
        return tuple(one for one in module.get("resources", ()) if one["mode"] == "managed")

    @property
    def region(self) -> str:
        """The region of everything."""
        return str(self.variable("region", "unknown"))

    def of(self, kind: str) -> tuple[Mapping[str, Any], ...]:
        """Return what is known of each resource of a type."""
        return tuple(one["values"] for one in self.resources if one["type"] == kind)

    def variable(self, name: str, default: Any) -> Any:
        """Return the value of a variable; the default where it has none."""
        value = self.plan.get("variables", {}).get(name, {}).get("value")
        return default if value is None else value
