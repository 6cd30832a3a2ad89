"""What a fake App Service answers of an app, its configuration and its plan."""

from collections.abc import Sequence
from typing import Any

from tests.fakes.azure.web_side import WebSide
from tests.fakes.call import Call


def site(name: str, kind: str, side: WebSide, call: Call, slot: str) -> dict[str, Any]:
    """Return the document of a side; ``slot`` is the part of the path that names it."""
    group = call.path.split("/providers/")[0]
    return {
        "id": f"{group}/providers/Microsoft.Web/sites/{name}{slot}",
        "name": f"{name}{slot.replace('/slots', '')}",
        "type": "Microsoft.Web/sites" + ("/slots" if slot else ""),
        "kind": kind,
        "location": "westeurope",
        "identity": side.identity,
        "properties": {
            **side.properties,
            "state": side.state,
            "hostNames": [side.host],
            "defaultHostName": side.host,
            "enabledHostNames": [side.host, f"scm.{side.host}"],
            "usageState": "Normal",
            "reserved": True,
            "serverFarmId": f"{group}/providers/Microsoft.Web/serverfarms/plan-demo",
            # Most of it is null here, whatever is configured.
            "siteConfig": {"linuxFxVersion": side.image, "alwaysOn": False},
        },
    }


def configured(name: str, side: WebSide, call: Call) -> dict[str, Any]:
    """Return the document of a side's configuration."""
    return {
        "id": call.path,
        "name": name,
        "type": "Microsoft.Web/sites/config",
        "properties": {**side.configuration, "appSettings": None, "vnetName": ""},
    }


def plan(tier: str, call: Call) -> dict[str, Any]:
    """Return the document of a plan."""
    sku = {"name": f"{tier[0]}1", "tier": tier, "size": f"{tier[0]}1"}
    return {
        "id": call.path,
        "name": call.parameters["name"],
        "kind": "linux",
        "location": "westeurope",
        "sku": sku,
        "properties": {"reserved": True, "status": "Ready"},
    }


def slot_names(name: str, sticky: Sequence[str]) -> dict[str, Any]:
    """Return which settings stay with a side; the id is null, as it is there."""
    names = {"appSettingNames": list(sticky) or None, "connectionStringNames": None}
    return {"id": None, "name": name, "type": "Microsoft.Web/sites", "properties": names}
