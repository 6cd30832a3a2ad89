"""What a container registry keeps."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"


@dataclass
class Contents:
    """What a registry keeps. Digests are verified, so that they are what clients computed."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[bytes, str]] = field(default_factory=dict)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)

    def put_image(self, repository: str, tag: str, labels: Mapping[str, str] | None) -> str:
        """Put an image without layers there, as `images/published.py` reads it; give its digest."""
        settings = {"architecture": "amd64", "os": "linux", "config": {"Labels": labels}}
        config = json.dumps({**settings, "rootfs": {"type": "layers", "diff_ids": []}}).encode()
        digest = digest_of(config)
        self.blobs[digest] = config
        part = {"mediaType": OCI_CONFIG, "size": len(config), "digest": digest}
        manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": part, "layers": []}
        return self.put_manifest(repository, tag, json.dumps(manifest).encode(), OCI_MANIFEST)

    def put_manifest(self, repository: str, reference: str, body: bytes, kind: str) -> str:
        """Keep a manifest, under a tag unless it is put by its digest."""
        digest = digest_of(body)
        self.manifests[repository, digest] = (body, kind)
        if ":" not in reference:
            self.tags[repository, reference] = digest
        return digest

    def digest(self, repository: str, reference: str) -> str | None:
        """Return the digest that a tag or a digest stands for, if it is there."""
        digest = self.tags.get((repository, reference), reference)
        return digest if (repository, digest) in self.manifests else None


def digest_of(body: bytes) -> str:
    """Return the digest of a blob or a manifest."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
