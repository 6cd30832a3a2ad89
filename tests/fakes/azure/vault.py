"""A Key Vault: versions, soft delete with purge protection, rights, states of versions, pages."""

import secrets as chance
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.azure import vault_answers as answers
from tests.fakes.azure.vault_answers import ACTIONS, DAY, Version
from tests.fakes.call import Call, Handler, Reply


@dataclass
class Kept:
    """A secret with its versions, the newest last.

    ``tries`` is how many more requests come too early, while it is being deleted or recovered.
    """

    versions: list[Version]
    deleted: int | None = None
    tries: int = 0
    is_recovering: bool = False


@dataclass(frozen=True)
class Resolution:
    """What becomes of a reference that an app has to a secret, in App Service's own words."""

    status: str
    value: str | None = None


@dataclass
class Vault:
    """A vault at ``url``, whose callers have shown a token.

    Tests take rights away, and change the states of versions, as they go.

    ``rules`` is ``rbac`` or ``policy``; with ``is_walled`` the caller is outside of its firewall.
    ``app_may_read`` is the right of the identity that apps run as.
    """

    url: str
    rules: str = "rbac"
    rights: set[str] = field(default_factory=lambda: set(ACTIONS))
    is_walled: bool = False
    app_may_read: bool = True
    is_protected: bool = True
    page_size: int = 3
    slowness: int = 2
    kept: dict[str, Kept] = field(default_factory=dict)
    _seconds: int = 0

    def handlers(self) -> Mapping[str, Handler]:
        """Return the operations of the vault, by their names in the contract."""
        of_rights: Mapping[str, tuple[str, Handler]] = {
            "set_secret": ("set", self._set),
            "get_secret": ("get", self._get),
            "update_secret": ("set", self._update),
            "delete_secret": ("delete", self._delete),
            "get_secrets": ("list", self._list),
            "get_secret_versions": ("list", self._versions),
            "get_deleted_secret": ("get", self._get_deleted),
            "recover_deleted_secret": ("recover", self._recover),
            "purge_deleted_secret": ("delete", self._purge),
        }
        return {f"key_vault_{name}": self._guarded(*each) for name, each in of_rights.items()}

    def put(self, name: str, value: str, **details: Any) -> Version:
        """Keep a value as the newest version, as somebody with the portal does."""
        kept = self.kept.setdefault(name.lower(), Kept([]))
        # A second of its own for each: the vault tells no smaller parts, and order is by time.
        self._seconds = max(int(time.time()) - DAY, self._seconds + 1)
        version = Version(chance.token_hex(16), value, self._seconds, **details)
        kept.versions.append(version)
        return version

    def version(self, name: str, version: str = "") -> Version | None:
        """Return a version of a secret that is not deleted, the newest unless one is named."""
        kept = self.kept.get(name.lower())
        if kept is None or kept.deleted is not None:
            return None
        found = [one for one in kept.versions if version in ("", one.id)]
        return found[-1] if found else None

    def resolve(self, uri: str) -> Resolution:
        """Return what an app gets for the address of a secret, with or without a version."""
        if not uri.startswith(f"{self.url}/"):
            return Resolution("VaultNotFound")
        parts = urlsplit(uri).path.strip("/").split("/")
        if len(parts) not in (2, 3) or parts[0] != "secrets":
            return Resolution("InvalidSyntax")
        if not self.app_may_read:
            return Resolution("AccessToKeyVaultDenied")
        if self.version(parts[1]) is None:
            return Resolution("SecretNotFound")
        found = self.version(parts[1], parts[2] if len(parts) == 3 else "")
        if found is None:
            return Resolution("SecretVersionNotFound")
        return Resolution("Resolved", found.value) if found.enabled else Resolution("OtherReasons")

    def _guarded(self, right: str, handler: Handler) -> Handler:
        def guarded(call: Call) -> Reply:
            if self.is_walled:
                return answers.walled()
            if right not in self.rights:
                return answers.denied(right, call.path, self.rules)
            return handler(call)

        return guarded

    def _set(self, call: Call) -> Reply:
        name = call.parameters["secret-name"]
        kept = self.kept.get(name.lower())
        if kept and kept.deleted is not None:
            return self._taken(name, kept)
        attributes = call.body.get("attributes") or {}
        enabled = attributes.get("enabled")
        version = self.put(
            name,
            call.body["value"],
            content_type=call.body.get("contentType"),
            tags=dict(call.body.get("tags") or {}),
            enabled=True if enabled is None else enabled,
            expires=attributes.get("exp"),
            not_before=attributes.get("nbf"),
        )
        return Reply(200, {"value": version.value, **self._item(name, version)})

    def _taken(self, name: str, kept: Kept) -> Reply:
        said = f"Secret {name} is currently in a deleted but recoverable state, and its name "
        code = "ObjectIsDeletedButRecoverable"
        if kept.tries > 0:
            kept.tries -= 1
            said = f"Secret {name} is currently being deleted or recovered. Retry later. It "
            code = "ObjectIsBeingRecovered" if kept.is_recovering else "ObjectIsBeingDeleted"
            if kept.is_recovering and not kept.tries:
                kept.deleted, kept.is_recovering = None, False
        return answers.conflict(said + "cannot be reused.", code)

    def _get(self, call: Call) -> Reply:
        def told(name: str, found: Version) -> Reply:
            if not found.enabled:
                said = "Operation get is not allowed on a disabled secret."
                return answers.forbidden(said, "SecretDisabled")
            return Reply(200, {"value": found.value, **self._item(name, found)})

        return self._of_version(call, told)

    def _update(self, call: Call) -> Reply:
        def changed(name: str, found: Version) -> Reply:
            attributes = call.body.get("attributes") or {}
            if attributes.get("enabled") is not None:
                found.enabled = attributes["enabled"]
            if call.body.get("tags") is not None:
                found.tags = dict(call.body["tags"])
            return Reply(200, self._item(name, found))

        return self._of_version(call, changed)

    def _of_version(self, call: Call, do: Callable[[str, Version], Reply]) -> Reply:
        name = call.parameters["secret-name"]
        wanted = call.parameters.get("secret-version", "").strip("/")
        found = self.version(name, wanted)
        return do(name, found) if found else answers.unknown(f"{name}/{wanted}".rstrip("/"))

    def _delete(self, call: Call) -> Reply:
        name = call.parameters["secret-name"]
        kept = self.kept.get(name.lower())
        if kept is None or kept.deleted is not None:
            return answers.unknown(name)
        kept.deleted, kept.tries = int(time.time()), self.slowness
        return self._deleted(name, kept)

    def _get_deleted(self, call: Call) -> Reply:
        name = call.parameters["secret-name"]
        kept = self.kept.get(name.lower())
        if kept is None or kept.deleted is None:
            return answers.unknown(name)
        kept.tries -= 1
        return self._deleted(name, kept) if kept.tries < 0 else answers.unknown(name)

    def _recover(self, call: Call) -> Reply:
        name = call.parameters["secret-name"]
        kept = self.kept.get(name.lower())
        if kept is None or kept.deleted is None:
            return answers.unknown(name)
        if kept.tries > 0:
            return self._taken(name, kept)
        if self.slowness:
            kept.is_recovering, kept.tries = True, self.slowness
        else:
            kept.deleted = None
        return Reply(200, self._item(name, kept.versions[-1]))

    def _purge(self, call: Call) -> Reply:
        if self.is_protected:
            said = 'Operation "purge" is not allowed because purge protection is enabled.'
            return answers.forbidden(said, "ForbiddenByPolicy")
        self.kept.pop(call.parameters["secret-name"].lower(), None)
        return Reply(204)

    def _list(self, call: Call) -> Reply:
        there = {name: kept for name, kept in self.kept.items() if kept.deleted is None}
        newest = [(name, kept.versions[-1]) for name, kept in sorted(there.items())]
        return self._page(call, [self._item(name, each, "") for name, each in newest])

    def _versions(self, call: Call) -> Reply:
        name = call.parameters["secret-name"]
        kept = self.kept.get(name.lower())
        if kept is None or kept.deleted is not None:
            return answers.unknown(name)
        # In no order of time: a vault lists by the ids of the versions.
        versions = sorted(kept.versions, key=lambda version: version.id)
        return self._page(call, [self._item(name, version) for version in versions])

    def _page(self, call: Call, items: list[dict[str, Any]]) -> Reply:
        start = int(call.query.get("$skiptoken", "0"))
        end = start + self.page_size
        link = None
        if end < len(items):
            version = call.query["api-version"]
            link = f"{self.url}{call.path}?api-version={version}&$skiptoken={end}"
        return Reply(200, {"value": items[start:end], "nextLink": link})

    def _item(self, name: str, version: Version, end: str | None = None) -> dict[str, Any]:
        path = name if end == "" else f"{name}/{version.id}"
        address = f"{self.url}/secrets/{path}"
        return answers.item(address, version, is_protected=self.is_protected)

    def _deleted(self, name: str, kept: Kept) -> Reply:
        assert kept.deleted is not None
        told = answers.deletion(self.url, name, kept.deleted)
        return Reply(200, {**self._item(name, kept.versions[-1]), **told})
