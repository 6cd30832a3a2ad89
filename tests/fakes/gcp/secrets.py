"""Secret Manager: secrets with their versions, the states of these, and what they hold."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.call import Call, Handler, Reply
from tests.fakes.gcp.answers import (
    invalid,
    not_found,
    precondition,
    refused,
)
from tests.fakes.gcp.crc32c import crc32c
from tests.fakes.gcp.operations import moment
from tests.fakes.gcp.pages import page
from tests.fakes.gcp.tokens import NUMBER, PROJECT

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_LABEL = re.compile(r"[a-z0-9_-]{0,63}")


@dataclass
class Version:
    """A version: ``checksum`` is what is told, right or wrong."""

    number: int
    value: bytes
    created: str = field(default_factory=moment)
    state: str = "ENABLED"
    destroyed: str = ""
    etag: int = 1
    checksum: int | None = None
    has_own_checksum: bool = False


@dataclass
class Kept:
    """A secret, the newest version last."""

    document: dict[str, Any]
    versions: list[Version] = field(default_factory=list)
    etag: int = 1
    policy: dict[str, Any] = field(default_factory=dict)


@dataclass
class Secrets:
    """All secrets of the project, by name.

    ``rights`` are those of the caller, ``app_may_read`` is whether releases may read.
    """

    kept: dict[str, Kept] = field(default_factory=dict)
    app_may_read: bool = True
    #: Values that were read, as ``name/versions/1``.
    accessed: list[str] = field(default_factory=list)

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers, by the names of the calls."""
        of_secrets: Mapping[str, Handler] = {
            "CreateSecret": self._create,
            "ListSecrets": self._list,
            "TestIamPermissions": lambda call: Reply(200, dict(call.body)),
            "SetIamPolicy": self._of_secret(self._set_policy),
            "GetSecret": self._of_secret(lambda kept, call: Reply(200, self._shown(kept))),
            "UpdateSecret": self._of_secret(self._update),
            "DeleteSecret": self._of_secret(self._delete),
            "AddSecretVersion": self._of_secret(self._add),
            "ListSecretVersions": self._of_secret(self._versions),
            "GetSecretVersion": self._of_version(lambda name, one, call: _told(name, one)),
            "AccessSecretVersion": self._of_version(self._access),
            "EnableSecretVersion": self._of_version(_state("ENABLED")),
            "DisableSecretVersion": self._of_version(_state("DISABLED")),
            "DestroySecretVersion": self._of_version(_state("DESTROYED")),
        }
        return {f"SecretManagerService.{name}": each for name, each in of_secrets.items()}

    def put(self, name: str, value: str, **document: Any) -> Version:
        """Keep a value as the newest version, as somebody with the console does."""
        if name not in self.kept:
            self.kept[name] = Kept({"replication": {"automatic": {}}, "createTime": moment()})
        self.kept[name].document.update(document)
        self.kept[name].document["name"] = f"projects/{NUMBER}/secrets/{name}"
        return self._added(self.kept[name], value.encode())

    def value(self, reference: str) -> str | None:
        """Return what a release gets for a version, as in ``projects/p/secrets/s/versions/1``."""
        parts = reference.split("/")
        kept = self.kept.get(parts[3]) if len(parts) > 3 else None
        found = _version(kept, parts[5] if len(parts) > 5 else "latest") if kept else None
        is_readable = found is not None and found.state == "ENABLED" and self.app_may_read
        return found.value.decode() if found and is_readable else None

    def seeded(self) -> dict[str, list[str]]:
        """Return the values of all, for another test to begin with."""
        return {
            name: [one.value.decode() for one in kept.versions] for name, kept in self.kept.items()
        }

    def seed(self, values: Mapping[str, list[str]]) -> None:
        """Begin with these values."""
        self.kept.clear()
        for name, each in values.items():
            for value in each:
                self.put(name, value)

    def _create(self, call: Call) -> Reply:
        name = call.query.get("secretId", "")
        if not _NAME.fullmatch(name):
            return invalid(f"The provided secret ID [{name}] does not match the expected format.")
        if name in self.kept:
            said = f"Secret [projects/{NUMBER}/secrets/{name}] already exists."
            return refused("ALREADY_EXISTS", said)
        body = call.body or {}
        if wrong := [
            text for text in body.get("labels", {}).values() if not _LABEL.fullmatch(text)
        ]:
            return invalid(f"The label value [{wrong[0]}] is invalid.")
        if "replication" not in body:
            return invalid("Secret.replication must be provided.")
        document = {**body, "name": f"projects/{NUMBER}/secrets/{name}", "createTime": moment()}
        self.kept[name] = Kept(document)
        return Reply(200, self._shown(self.kept[name]))

    def _set_policy(self, kept: Kept, call: Call) -> Reply:
        kept.policy = {**call.body["policy"], "version": 1, "etag": "BwX0="}
        return Reply(200, kept.policy)

    def _shown(self, kept: Kept) -> dict[str, Any]:
        return {**kept.document, "etag": f'"{kept.etag:x}"'}

    def _update(self, kept: Kept, call: Call) -> Reply:
        body = call.body or {}
        if body.get("etag") and body["etag"] != f'"{kept.etag:x}"':
            return precondition("The etag does not match.")
        for place in call.query["updateMask"].split(","):
            if place.partition(".")[0] not in (
                "labels",
                "annotations",
                "versionAliases",
                "expireTime",
            ):
                return invalid(f"Field {place} cannot be updated.")
            kept.document[place] = body.get(place, {})
        kept.etag += 1
        return Reply(200, self._shown(kept))

    def _delete(self, kept: Kept, call: Call) -> Reply:
        if call.query.get("etag") and call.query["etag"] != f'"{kept.etag:x}"':
            return precondition("The etag does not match.")
        del self.kept[_of(kept)]
        return Reply(200, {})

    def _add(self, kept: Kept, call: Call) -> Reply:
        payload = call.body["payload"]
        value = b64decode(payload.get("data", ""))
        if "dataCrc32c" in payload and int(payload["dataCrc32c"]) != crc32c(value):
            return invalid("The checksum of the payload does not match.")
        if len(value) > 65_536:
            return invalid("The payload is too large.")
        made = self._added(kept, value)
        made.has_own_checksum = "dataCrc32c" in payload
        return _told(_of(kept), made)

    def _added(self, kept: Kept, value: bytes) -> Version:
        made = Version(len(kept.versions) + 1, value)
        kept.versions.append(made)
        return made

    def _list(self, call: Call) -> Reply:
        rule = call.query.get("filter", "")
        found = [
            self._shown(kept)
            for name, kept in sorted(self.kept.items())
            if _is_so(name, kept, rule)
        ]
        return page(call, "secrets", found, total="totalSize")

    def _versions(self, kept: Kept, call: Call) -> Reply:
        rule = call.query.get("filter", "").lower().replace(" ", "")
        found = [_shown_version(_of(kept), one) for one in reversed(kept.versions)]
        if rule.startswith("state"):
            state = rule.partition(":")[2] or rule.partition("=")[2]
            found = [one for one in found if one["state"].lower() == state]
        return page(call, "versions", found, total="totalSize")

    def _access(self, name: str, one: Version, call: Call) -> Reply:
        where = f"projects/{NUMBER}/secrets/{name}/versions/{one.number}"
        if one.state != "ENABLED":
            return precondition(f"Secret Version [{where}] is in {one.state} state.")
        self.accessed.append(f"{name}/versions/{one.number}")
        told = crc32c(one.value) if one.checksum is None else one.checksum
        payload = {"data": b64encode(one.value).decode(), "dataCrc32c": str(told)}
        return Reply(200, {"name": where, "payload": payload})

    def _of_secret(self, handler: Callable[[Kept, Call], Reply]) -> Handler:
        def answered(call: Call) -> Reply:
            kept = self._named(call)
            return handler(kept, call) if kept else not_found(_what(call))

        return answered

    def _of_version(self, handler: Callable[[str, Version, Call], Reply]) -> Handler:
        def answered(call: Call) -> Reply:
            kept = self._named(call)
            found = _version(kept, call.parameters["name"].rpartition("/")[2]) if kept else None
            return handler(_of(kept), found, call) if kept and found else not_found(_what(call))

        return answered

    def _named(self, call: Call) -> Kept | None:
        named = (call.parameters.get(key) for key in ("name", "parent", "resource"))
        parts = next(filter(None, named), "").split("/")
        return self.kept.get(parts[3]) if len(parts) > 3 else None


def _what(call: Call) -> str:
    whole = call.parameters.get("name") or call.parameters.get("parent") or ""
    kind = "Secret Version" if "/versions/" in whole else "Secret"
    return f"{kind} [{whole.replace(PROJECT, NUMBER)}]"


def _of(kept: Kept) -> str:
    return str(kept.document["name"]).rpartition("/")[2]


def _version(kept: Kept, wanted: str) -> Version | None:
    if wanted == "latest":
        # The newest that was not destroyed: also one that is disabled.
        there = [one for one in kept.versions if one.state != "DESTROYED"]
        return there[-1] if there else None
    aliases = kept.document.get("versionAliases") or {}
    wanted = str(aliases.get(wanted, wanted))
    return next((one for one in kept.versions if str(one.number) == wanted), None)


def _shown_version(name: str, one: Version) -> dict[str, Any]:
    shown = {
        "name": f"projects/{NUMBER}/secrets/{name}/versions/{one.number}",
        "createTime": one.created,
        "state": one.state,
        "etag": f'"{one.etag:x}"',
        "replicationStatus": {"automatic": {}},
        "clientSpecifiedPayloadChecksum": one.has_own_checksum,
    }
    return {**shown, "destroyTime": one.destroyed} if one.destroyed else shown


def _told(name: str, one: Version) -> Reply:
    return Reply(200, _shown_version(name, one))


def _state(state: str) -> Callable[[str, Version, Call], Reply]:
    def changed(name: str, one: Version, call: Call) -> Reply:
        wanted = (call.body or {}).get("etag")
        if wanted and wanted != f'"{one.etag:x}"':
            return precondition("The etag does not match.")
        if one.state == "DESTROYED":
            return precondition("The secret version is destroyed.")
        one.state, one.etag = state, one.etag + 1
        if state == "DESTROYED":
            one.value, one.destroyed = b"", moment()
        return _told(name, one)

    return changed


def _is_so(name: str, kept: Kept, rule: str) -> bool:
    for term in filter(None, re.split(r"\s+AND\s+|\s+", rule.strip())):
        place, _, wanted = term.replace(":", "=", 1).partition("=")
        wanted = wanted.strip('"')
        if place.startswith("labels."):
            found = (kept.document.get("labels") or {}).get(place.removeprefix("labels."))
            if found != wanted:
                return False
        elif wanted.rpartition("/")[2] not in name:
            return False
    return True
