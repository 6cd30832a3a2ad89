"""The schemas of further providers, read out of the wheels that cdktf made of the real ones."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.infra.provider.schema import _PROVIDER_META, _block, _resource, assembly
from tests.infra.provider.world import World


def other(wheel: Path, name: str, resources: Iterable[str], data: Iterable[str]) -> dict[str, Any]:
    """Return the schema of the provider of that name, with these resources and data sources."""
    types = assembly(wheel)
    by_name = {found["name"]: full for full, found in types.items()}

    def classes(kinds: Iterable[str], prefix: str) -> dict[str, Any]:
        return {kind: _resource(types, by_name, prefix + _class(name, kind)) for kind in kinds}

    provider = _block(types, by_name[f"{name.capitalize()}ProviderConfig"], _PROVIDER_META)
    return {
        "provider": provider,
        "resources": classes(resources, ""),
        "data": classes(data, f"Data{name.capitalize()}"),
        "ephemeral": {},
    }


class Clouds(World):
    """Azure and Google, which calls its projects by numbers in names of pools."""

    def computed(self, kind: str, attribute: str, given: dict[str, Any]) -> Any:
        """Return what a cloud says of a resource that it made."""
        pool = "projects/123456789012/locations/global/workloadIdentityPools/"
        if kind == "google_iam_workload_identity_pool" and attribute == "name":
            return pool + given["workload_identity_pool_id"]
        if kind == "google_iam_workload_identity_pool_provider" and attribute == "name":
            own = given["workload_identity_pool_provider_id"]
            return f"{pool}{given['workload_identity_pool_id']}/providers/{own}"
        if kind == "azurerm_cognitive_account" and attribute == "endpoint":
            return f"https://{given['custom_subdomain_name']}.openai.azure.com/"
        return super().computed(kind, attribute, given)


def written(world: World, kind: str, argument: str) -> Mapping[str, Any]:
    """Return the JSON document that an argument of the one resource of a type holds."""
    found = [held for held in world.objects.values() if argument in held and kind in held["id"]]
    assert len(found) == 1
    return json.loads(found[0][argument])


def _class(provider: str, kind: str) -> str:
    return "".join(part.capitalize() for part in kind.removeprefix(f"{provider}_").split("_"))
