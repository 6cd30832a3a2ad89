"""How a Key Vault words its answers: bundles, items, and why it refuses."""

from dataclasses import dataclass, field
from typing import Any

from tests.fakes.call import Reply

#: What a right is called in the messages of a vault that goes by roles.
ACTIONS = {
    "get": "secrets/getSecret/action",
    "list": "secrets/readMetadata/action",
    "set": "secrets/setSecret/action",
    "delete": "secrets/delete",
    "recover": "secrets/recover/action",
}
DAY = 86400
_MORE = "For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125287"


@dataclass
class Version:
    """One value of a secret. Times are seconds since 1970, as the vault gives them."""

    id: str
    value: str
    created: int
    content_type: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    enabled: bool = True
    expires: int | None = None
    not_before: int | None = None


def item(address: str, version: Version, *, is_protected: bool) -> dict[str, Any]:
    """Return what a list has of a secret or a version: all but the value."""
    return {
        "id": address,
        "contentType": version.content_type,
        "attributes": {
            "enabled": version.enabled,
            "created": version.created,
            "updated": version.created,
            "exp": version.expires,
            "nbf": version.not_before,
            "recoveryLevel": "Recoverable" if is_protected else "Recoverable+Purgeable",
            "recoverableDays": 90,
        },
        "tags": version.tags or None,
    }


def deletion(url: str, name: str, deleted: int) -> dict[str, Any]:
    """Return what is said of a deleted secret besides."""
    return {
        "recoveryId": f"{url}/deletedsecrets/{name}",
        "deletedDate": deleted,
        "scheduledPurgeDate": deleted + 90 * DAY,
    }


def denied(right: str, path: str, rules: str) -> Reply:
    """Refuse for want of a role, or of a permission in the vault's own list."""
    if rules == "policy":
        said = (
            f"The user, group or application 'appid=***;oid=***;iss=***' does not have secrets "
            f"{right} permission on key vault 'kv;location=westeurope'. {_MORE}"
        )
        return forbidden(said, "AccessDenied")
    said = (
        "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny "
        "assignments or role definitions were changed recently, please observe propagation "
        f"time.\r\nCaller: appid=***;oid=***\r\nAction: 'Microsoft.KeyVault/vaults/"
        f"{ACTIONS[right]}'\r\nResource: '{path}'\r\nAssignment: (not found)\r\n"
        "DecisionReason: null\r\nVault: kv;location=westeurope\r\n"
    )
    return forbidden(said, "ForbiddenByRbac")


def walled() -> Reply:
    """Refuse for the caller's address."""
    said = (
        "Client address is not authorized and caller is not a trusted service.\r\n"
        "Client address: 198.51.100.7\r\nCaller: appid=***;oid=***\r\nVault: kv"
    )
    return forbidden(said, "ForbiddenByFirewall")


def forbidden(said: str, inner: str) -> Reply:
    """Refuse with 403 and the code that tells why."""
    return _error(403, "Forbidden", said, inner=inner)


def conflict(said: str, inner: str) -> Reply:
    """Refuse for the state that a name is in."""
    return _error(409, "Conflict", said, inner=inner)


def unknown(name: str) -> Reply:
    """Say that there is no such secret or version."""
    said = (
        f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted "
        f"this secret you may be able to recover it using the correct recovery command. {_MORE}"
    )
    return _error(404, "SecretNotFound", said)


def _error(status: int, code: str, said: str, *, inner: str = "") -> Reply:
    error: dict[str, Any] = {"code": code, "message": said}
    if inner:
        error["innererror"] = {"code": inner}
    return Reply(status, {"error": error})
