"""Cloud Storage: objects of a bucket with generations, changed under conditions."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from hashlib import md5
from typing import Any
from urllib.parse import quote

from tests.fakes.call import Call, Handler, Reply
from tests.fakes.gcp.answers import storage_error
from tests.fakes.gcp.crc32c import crc32c
from tests.fakes.gcp.operations import moment
from tests.fakes.gcp.tokens import NUMBER

BUCKET = "demo-project-llmops"


@dataclass
class Stored:
    """An object in one generation."""

    content: bytes
    generation: int
    kind: str = "text/plain"
    created: str = field(default_factory=moment)
    metageneration: int = 1


@dataclass
class Storage:
    """Buckets, and what is in them; ``is_versioned`` is told of them.

    ``lacking`` are permissions that the caller is told not to have.
    """

    buckets: set[str] = field(default_factory=lambda: {BUCKET})
    objects: dict[tuple[str, str], Stored] = field(default_factory=dict)
    is_versioned: bool = True
    lacking: set[str] = field(default_factory=set)
    _generation: int = 1_790_000_000_000_000

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers, by ids."""
        return {
            "storage.objects.insert": self._insert,
            "storage.objects.get": self._get,
            "storage.objects.delete": self._delete,
            "storage.objects.list": self._list,
            "storage.buckets.get": self._bucket,
            "storage.buckets.testIamPermissions": self._held,
        }

    @property
    def bucket(self) -> str:
        """The name of the bucket that is there."""
        return BUCKET

    def put(self, name: str, text: str, bucket: str = BUCKET) -> Stored:
        """Put a text there, as somebody else does."""
        self._generation += 1
        self.objects[bucket, name] = Stored(text.encode(), self._generation)
        return self.objects[bucket, name]

    def text(self, name: str, bucket: str = BUCKET) -> str | None:
        """Return a text, or None where there is none."""
        found = self.objects.get((bucket, name))
        return found.content.decode() if found else None

    def seeded(self) -> dict[str, str]:
        """Return the texts of the bucket, for another test to begin with."""
        return {name: one.content.decode() for (_, name), one in self.objects.items()}

    def seed(self, texts: Mapping[str, str]) -> None:
        """Begin with these texts."""
        for name, text in texts.items():
            self.put(name, text)

    def _insert(self, call: Call) -> Reply:
        if refusal := self._no_bucket(call):
            return refusal
        way = call.query.get("uploadType")
        if way == "media":
            content, told = _bytes(call.body), {}
            kind = call.headers.get("Content-Type") or "application/octet-stream"
        elif way == "multipart":
            told, kind, content = _parts(call)
        else:
            return storage_error(400, "invalid", f"Invalid upload type {way}")
        name = call.query.get("name") or told.get("name")
        if not name:
            return storage_error(400, "required", "Required parameter: name")
        key = call.parameters["bucket"], name
        if refusal := _unmet(call, self.objects.get(key)):
            return refusal
        wanted = b64encode(crc32c(content).to_bytes(4, "big")).decode()
        if told.get("crc32c", wanted) != wanted:
            return storage_error(400, "invalid", f"Provided CRC32C does not match {wanted}.")
        self._generation += 1
        self.objects[key] = Stored(content, self._generation, kind)
        return Reply(200, _document(key, self.objects[key]))

    def _get(self, call: Call) -> Reply:
        if refusal := self._no_bucket(call):
            return refusal
        key = call.parameters["bucket"], call.parameters["object"]
        found = self.objects.get(key)
        if found is None:
            return storage_error(404, "notFound", f"No such object: {'/'.join(key)}")
        if refusal := _unmet(call, found):
            return refusal
        if call.query.get("alt") != "media":
            return Reply(200, _document(key, found))
        headers = {
            "Content-Type": found.kind,
            "X-Goog-Generation": str(found.generation),
            "X-Goog-Metageneration": str(found.metageneration),
            "X-Goog-Hash": f"crc32c={_document(key, found)['crc32c']}",
            "ETag": _etag(found),
        }
        return Reply(200, found.content, headers)

    def _delete(self, call: Call) -> Reply:
        if refusal := self._no_bucket(call):
            return refusal
        key = call.parameters["bucket"], call.parameters["object"]
        found = self.objects.get(key)
        if found is None:
            return storage_error(404, "notFound", f"No such object: {'/'.join(key)}")
        if refusal := _unmet(call, found):
            return refusal
        del self.objects[key]
        return Reply(204)

    def _list(self, call: Call) -> Reply:
        if refusal := self._no_bucket(call):
            return refusal
        start = call.query.get("prefix", "")
        found = [
            _document(key, one)
            for key, one in sorted(self.objects.items())
            if key[0] == call.parameters["bucket"] and key[1].startswith(start)
        ]
        return Reply(200, {"kind": "storage#objects", "items": found} if found else {})

    def _bucket(self, call: Call) -> Reply:
        if refusal := self._no_bucket(call):
            return refusal
        name = call.parameters["bucket"]
        document = {
            "kind": "storage#bucket",
            "id": name,
            "name": name,
            "projectNumber": NUMBER,
            "location": "EUROPE-WEST4",
            "versioning": {"enabled": self.is_versioned},
            "iamConfiguration": {"publicAccessPrevention": "enforced"},
        }
        return Reply(200, document)

    def _held(self, call: Call) -> Reply:
        if refusal := self._no_bucket(call):
            return refusal
        held = [name for name in call.several("permissions") if name not in self.lacking]
        told = {"permissions": held} if held else {}
        return Reply(200, {"kind": "storage#testIamPermissionsResponse", **told})

    def _no_bucket(self, call: Call) -> Reply | None:
        if call.parameters["bucket"] in self.buckets:
            return None
        return storage_error(404, "notFound", "The specified bucket does not exist.")


def _unmet(call: Call, found: Stored | None) -> Reply | None:
    """Refuse where a condition is not met: generation 0 is "nothing is there"."""
    there = str(found.generation) if found else "0"
    wanted = call.query.get("ifGenerationMatch")
    if wanted is not None and wanted != there:
        said = "At least one of the pre-conditions you specified did not hold."
        return storage_error(412, "conditionNotMet", said)
    if call.query.get("ifGenerationNotMatch") == there:
        return Reply(304)
    if call.query.get("generation", there) != there:
        return storage_error(404, "notFound", "No such object.")
    return None


def _parts(call: Call) -> tuple[dict[str, Any], str, bytes]:
    head = f"Content-Type: {call.headers['Content-Type']}\r\n\r\n".encode()
    first, second = BytesParser().parsebytes(head + _bytes(call.body)).get_payload()
    told = json.loads(first.get_payload(decode=True))
    # A parser of mails takes the last line break for the end of the part.
    boundary = re.search(r'boundary="?([^";]+)', call.headers["Content-Type"])
    assert boundary is not None
    end = f"\r\n--{boundary[1]}--".encode()
    content = _bytes(call.body).rpartition(end)[0].rpartition(b"\r\n\r\n")[2]
    return told, second.get_content_type(), content


def _bytes(body: Any) -> bytes:
    if isinstance(body, bytes):
        return body
    return b"" if body is None else json.dumps(body).encode()


def _etag(found: Stored) -> str:
    return b64encode(f"g{found.generation}".encode()).decode()


def _document(key: tuple[str, str], found: Stored) -> dict[str, Any]:
    bucket, name = key
    place = f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}"
    return {
        "kind": "storage#object",
        "id": f"{bucket}/{name}/{found.generation}",
        "selfLink": f"https://www.googleapis.com{place}",
        "name": name,
        "bucket": bucket,
        "generation": str(found.generation),
        "metageneration": str(found.metageneration),
        "contentType": found.kind,
        "storageClass": "STANDARD",
        "size": str(len(found.content)),
        "md5Hash": b64encode(md5(found.content, usedforsecurity=False).digest()).decode(),
        "crc32c": b64encode(crc32c(found.content).to_bytes(4, "big")).decode(),
        "etag": _etag(found),
        "timeCreated": found.created,
        "updated": found.created,
    }
