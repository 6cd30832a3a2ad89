"""An image put into a registry without an engine, by plain requests."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import httpx2

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


def seed(
    url: str,
    repository: str,
    tag: str,
    labels: Mapping[str, str] | None,
    *,
    login: tuple[str, str] | None = None,
    **settings: Any,
) -> str:
    """Put an image without layers there, and return its digest."""
    config = {"architecture": "amd64", "os": "linux", "config": {"Labels": labels}}
    config |= {"rootfs": {"type": "layers", "diff_ids": []}, **settings}
    body = json.dumps(config).encode()
    digest = upload(url, repository, body, login)
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": _descriptor("application/vnd.oci.image.config.v1+json", body, digest),
        "layers": [],
    }
    return put(url, repository, tag, manifest, OCI_MANIFEST, login=login)


def index(url: str, repository: str, tag: str, digests: Mapping[str, str]) -> str:
    """Put a list of images there: platform to digest."""
    entries = []
    for platform, digest in digests.items():
        system, architecture = platform.split("/")
        found = httpx2.get(
            f"{url}/v2/{repository}/manifests/{digest}", headers={"accept": OCI_MANIFEST}
        )
        entry = _descriptor(OCI_MANIFEST, found.content, digest)
        entries.append({**entry, "platform": {"os": system, "architecture": architecture}})
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return put(url, repository, tag, document, OCI_INDEX)


def put(
    url: str,
    repository: str,
    tag: str,
    document: Mapping[str, Any],
    kind: str,
    *,
    login: tuple[str, str] | None = None,
) -> str:
    """Put a manifest there under a tag, and return its digest."""
    body = json.dumps(document).encode()
    answer = httpx2.put(
        f"{url}/v2/{repository}/manifests/{tag}",
        content=body,
        headers={"content-type": kind},
        auth=login,
    )
    assert answer.status_code == 201, answer.text
    return _digest(body)


def upload(url: str, repository: str, body: bytes, login: tuple[str, str] | None = None) -> str:
    """Put a blob there, and return its digest."""
    begun = httpx2.post(f"{url}/v2/{repository}/blobs/uploads/", auth=login)
    place = httpx2.URL(begun.headers["location"]).copy_merge_params({"digest": _digest(body)})
    done = httpx2.put(place, content=body, auth=login)
    assert done.status_code == 201, done.text
    return _digest(body)


def _descriptor(kind: str, body: bytes, digest: str) -> dict[str, Any]:
    return {"mediaType": kind, "size": len(body), "digest": digest}


def _digest(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
