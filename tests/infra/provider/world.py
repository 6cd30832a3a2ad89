"""The cloud behind the stub provider: what is there, what it says of itself, how it misbehaves."""

import hashlib
import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
TENANT = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
OPERATOR = "99999999-8888-7777-6666-555555555555"

_CLIENT = {
    "id": f"{TENANT}/{SUBSCRIPTION}",
    "client_id": "12121212-3434-5656-7878-909090909090",
    "object_id": OPERATOR,
    "subscription_id": SUBSCRIPTION,
    "tenant_id": TENANT,
}
_HOSTS = {
    ("azurerm_container_registry", "login_server"): "{name}.azurecr.io",
    ("azurerm_key_vault", "vault_uri"): "https://{name}.vault.azure.net/",
    ("azurerm_linux_web_app", "default_hostname"): "{name}.azurewebsites.net",
    ("azurerm_storage_account", "primary_file_host"): "{name}.file.core.windows.net",
    ("azurerm_postgresql_flexible_server", "fqdn"): "{name}.postgres.database.azure.com",
    ("azurerm_managed_redis", "hostname"): "{name}.westeurope.redis.azure.net",
    ("azurerm_servicebus_namespace", "endpoint"): "https://{name}.servicebus.windows.net:443/",
    ("azurerm_container_app", "location"): "westeurope",
}


@dataclass
class World:
    """What exists, by id. ``fails`` says why a resource of that name cannot be made, if so.

    ``before`` is called before each change, with the type and the name of the resource.
    ``secrets`` has what write-only arguments were given, by type, name and argument.
    """

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    fails: dict[str, str] = field(default_factory=dict)
    before: Callable[[str, str], None] = lambda kind, name: None
    secrets: dict[tuple[str, str, str], str] = field(default_factory=dict)
    changes: list[tuple[str, str, str]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def data(self, kind: str) -> dict[str, Any]:
        """Return what a data source of that type says."""
        return {"azurerm_client_config": _CLIENT}[kind]

    def opened(self, kind: str, given: dict[str, Any]) -> dict[str, Any]:
        """Return an ephemeral value: the secret that a write-only argument was given."""
        return {"value": self.secrets["azurerm_key_vault_secret", given["name"], "value_wo"]}

    def computed(self, kind: str, attribute: str, given: dict[str, Any]) -> Any:
        """Return what Azure says of a resource that it made."""
        name = given.get("name") or "unnamed"
        if attribute == "id":
            group = given.get("resource_group_name") or "none"
            root = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}"
            own = {key: value for key, value in given.items() if isinstance(value, str)}
            mark = hashlib.sha256(json.dumps(own, sort_keys=True).encode()).hexdigest()[:8]
            # Some have no name, and some have one that is theirs only beside what they are about.
            whole = name if given.get("resource_group_name") else f"{name}-{mark}"
            return f"{root}/providers/Stub/{kind.removeprefix('azurerm_')}/{whole}"
        if attribute in ("client_id", "principal_id", "object_id"):
            return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{name}/{attribute}"))
        if (kind, attribute) in _HOSTS:
            return _HOSTS[kind, attribute].format(name=name)
        if attribute == "fqdn":
            return f"{name}.kindsea-0123.westeurope.azurecontainerapps.io"
        return f"stub-{attribute}"

    def the(self, kind: str, name: str = "") -> dict[str, Any]:
        """Return the one object of that type (and name) that there is."""
        mark = f"/providers/Stub/{kind.removeprefix('azurerm_')}/"
        found = [
            held
            for held in self.objects.values()
            if mark in held["id"] and (not name or held["name"] == name)
        ]
        assert len(found) == 1, [held["id"] for held in found]
        return found[0]
