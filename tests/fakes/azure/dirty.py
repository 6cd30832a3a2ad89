"""Makes answers as untidy as Azure's own: nulls, undocumented keys, ids and names in other case.

As recorded traffic shows: a client that compares ids or regions by case, that takes a null for a
value, or that cannot bear a key it does not know, fails in practice, so it fails here.
"""

import re
from collections.abc import Callable
from typing import Any

from tests.fakes.azure.contract import Operation

_CASES = (
    (re.compile(r"/providers/Microsoft\.App/containerApps(?=/|$)", re.I), "containerapps"),
    (re.compile(r"/providers/Microsoft\.Web/serverFarms(?=/|$)", re.I), "serverfarms"),
)
_ENUMS = {
    "transport": str.capitalize,
    "clientCertificateMode": str.capitalize,
    "ftpsState": lambda text: text[:1].upper() + text[1:],
}
_REGIONS = {"eastus2": "East US 2", "westeurope": "West Europe", "northeurope": "North Europe"}
#: Keys that nobody documents, by the keys that they come with.
_UNKNOWN = {
    "siteConfig": {"siteProperties": {"metadata": None, "properties": []}, "owner": None},
    "serverFarmId": {"ipBasedSslState": "NotConfigured", "csrs": [], "ownerType": None},
    "linuxFxVersion": {"sandboxType": None, "customAppPoolIdentityAdminState": False},
    "latestRevisionName": {"delegatedIdentities": [], "patchingMode": None},
    "systemData": {"extendedLocation": None},
}


def soiled(body: Any, operation: Operation) -> Any:
    """Return a document as the service would write it; what is soiled is a copy."""
    shape = operation.result
    if shape and "items" in shape and isinstance(body, dict):
        rest = {"nextLink": None, "id": None}
        return {**rest, **_soiled(body, {"values": shape}, operation)}
    return _soiled(body, shape or {}, operation)


def _soiled(value: Any, shape: dict[str, Any], operation: Operation) -> Any:
    if isinstance(value, list):
        return [_soiled(one, shape.get("items", {}), operation) for one in value]
    if not isinstance(value, dict):
        return value
    model = operation.definitions.get(shape.get("model", ""), {})
    known = model.get("properties", {})
    is_identity = "Identity" in shape.get("model", "")
    made: dict[str, Any] = {}
    for key, item in value.items():
        inner = known[key]["shape"] if key in known else shape.get("values", {})
        changed = _word(key, item) if model else item
        if is_identity and key == "type" and isinstance(item, str):
            changed = item[:1].lower() + item[1:]
        made[key] = _soiled(changed, inner, operation)
        for other, extra in _UNKNOWN.get(key, {}).items() if model else ():
            made.setdefault(other, extra)
    for key in known:
        # An empty map of settings is one; what is nested and absent is mostly null.
        made.setdefault(key, None)
    return made


def _word(key: str, item: Any) -> Any:
    if not isinstance(item, str):
        return item
    if key == "id":
        return _id(item)
    if key == "location":
        return _REGIONS.get(item, item)
    change: Callable[[str], str] | None = _ENUMS.get(key)
    return change(item) if change else item


def _id(text: str) -> str:
    for pattern, name in _CASES:
        text = pattern.sub(lambda found, name=name: found[0].rpartition("/")[0] + "/" + name, text)
    return text.replace("/resourceGroups/", "/resourcegroups/")
