"""A registry of ECR: its repositories as AWS shows them, and what Docker pushes there."""

import json
import secrets as chance
import ssl
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.aws.identity import ACCOUNT, REGION
from tests.fakes.aws.wire import RefusedError
from tests.fakes.registry import RegistryServer
from tests.fakes.registry_pages import Pages

_HOURS = 12 * 3600
Body = dict[str, Any]


class EcrPages(Pages):
    """Lets in who shows a token of GetAuthorizationToken as the password of the user AWS."""

    brand = "AmazonECR"
    server: "Ecr"

    def is_let_in(self, repository: str, action: str) -> bool:
        """Whether the token is good, and the repository there."""
        shown = self.headers.get("Authorization", "")
        try:
            user, _, token = b64decode(shown.removeprefix("Basic ")).decode().partition(":")
        except ValueError:
            user, token = "", ""
        if not shown.startswith("Basic ") or user != "AWS" or token not in self.server.tokens:
            realm = f'Basic realm="https://{self.server.host}/",service="ecr.amazonaws.com"'
            self.say(401, b"Not Authorized\n", "text/plain", {"WWW-Authenticate": realm})
            return False
        if token in self.server.expired:
            said = "Your authorization token has expired. Reauthenticate and try again."
            self.refuse(403, "DENIED", said)
            return False
        if action in self.server.denied:
            said = (
                f"User: arn:aws:iam::{ACCOUNT}:user/ci is not authorized to perform: ecr:PutImage"
            )
            self.refuse(403, "DENIED", said)
            return False
        if repository and repository not in self.server.repositories:
            said = f"The repository with name '{repository}' does not exist in the registry"
            self.refuse(404, "NAME_UNKNOWN", f"{said} with id '{ACCOUNT}'")
            return False
        return True

    def why_not_put(self, repository: str, reference: str, digest: str) -> tuple[str, str] | None:
        """Refuse to move a tag that does not move."""
        held = self.server.contents.tags.get((repository, reference))
        is_fixed = self.server.repositories[repository] == "IMMUTABLE"
        if not is_fixed or held in (None, digest):
            return None
        said = f"The image tag '{reference}' already exists in the '{repository}' repository"
        return (
            "TAG_INVALID",
            f"{said} and cannot be overwritten because the repository is immutable.",
        )


class Ecr(RegistryServer):
    """The registry of the account. ``repositories`` are names to whether their tags may move.

    ``denied`` are the actions that nobody's policies allow: "pull", "push", "delete".
    """

    repositories: dict[str, str]
    tokens: set[str]
    expired: set[str]
    denied: set[str]

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context, EcrPages)
        self.renew()
        self.__enter__()

    def renew(self) -> None:
        """Forget everything, for the next test."""
        self.empty()
        self.repositories, self.tokens, self.expired, self.denied = {}, set(), set(), set()

    def make(self, repository: str, mutability: str = "IMMUTABLE") -> None:
        """Make a repository, as Terraform does."""
        self.repositories[repository] = mutability

    def put_image(self, repository: str, tag: str, labels: Mapping[str, str] | None = None) -> str:
        """Put an image there, and return its digest. The repository is made if need be."""
        self.repositories.setdefault(repository, "IMMUTABLE")
        return super().put_image(repository, tag, labels)

    def handlers(self) -> Mapping[str, Callable[[Body], Body]]:
        """Return the operations of ECR by their names."""
        return {
            "GetAuthorizationToken": self._token,
            "DescribeRepositories": self._repositories,
            "DescribeImages": self._images,
            "BatchGetImage": self._manifests,
            "BatchDeleteImage": self._delete,
            "ListImages": self._list,
        }

    def _token(self, body: Body) -> Body:
        token = b64encode(json.dumps({"payload": chance.token_hex(24)}).encode()).decode()
        self.tokens.add(token)
        given = {
            "authorizationToken": b64encode(f"AWS:{token}".encode()).decode(),
            "expiresAt": time.time() + _HOURS,
            "proxyEndpoint": f"https://{self.host}",
        }
        return {"authorizationData": [given]}

    def _repositories(self, body: Body) -> Body:
        names = body.get("repositoryNames") or sorted(self.repositories)
        return {"repositories": [self._repository(name) for name in names]}

    def _repository(self, name: str) -> Body:
        mutability = self._there(name)
        return {
            "repositoryArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}",
            "registryId": ACCOUNT,
            "repositoryName": name,
            "repositoryUri": f"{self.host}/{name}",
            "createdAt": 1_790_000_000.0,
            "imageTagMutability": mutability,
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfiguration": {"encryptionType": "AES256"},
        }

    def _images(self, body: Body) -> Body:
        name = body["repositoryName"]
        self._there(name)
        ids = body.get("imageIds")
        held = sorted(digest for there, digest in self.contents.manifests if there == name)
        digests = [self._digest(name, one) for one in ids] if ids else held
        return {"imageDetails": [self._image(name, digest) for digest in digests]}

    def _image(self, name: str, digest: str) -> Body:
        body, kind = self.contents.manifests[name, digest]
        tags = [
            tag
            for (there, tag), held in self.contents.tags.items()
            if (there, held) == (name, digest)
        ]
        return {
            "registryId": ACCOUNT,
            "repositoryName": name,
            "imageDigest": digest,
            "imageTags": tags,
            "imageSizeInBytes": len(body),
            "imagePushedAt": 1_790_000_000.0,
            "imageManifestMediaType": kind,
        }

    def _manifests(self, body: Body) -> Body:
        name = body["repositoryName"]
        self._there(name)
        images, failures = [], []
        for one in body["imageIds"]:
            digest = self.contents.digest(name, one.get("imageDigest") or one["imageTag"])
            if digest is None:
                said = {
                    "failureCode": "ImageNotFound",
                    "failureReason": "Requested image not found",
                }
                failures.append({"imageId": one, **said})
                continue
            manifest, kind = self.contents.manifests[name, digest]
            found = {"imageManifest": manifest.decode(), "imageManifestMediaType": kind}
            images.append({"registryId": ACCOUNT, "repositoryName": name, "imageId": one, **found})
        return {"images": images, "failures": failures}

    def _delete(self, body: Body) -> Body:
        name = body["repositoryName"]
        self._there(name)
        for one in body["imageIds"]:
            digest = self._digest(name, one)
            self.contents.manifests.pop((name, digest), None)
            for key in [k for k, held in self.contents.tags.items() if held == digest]:
                del self.contents.tags[key]
        return {"imageIds": body["imageIds"], "failures": []}

    def _list(self, body: Body) -> Body:
        name = body["repositoryName"]
        self._there(name)
        tags = [(t, d) for (there, t), d in sorted(self.contents.tags.items()) if there == name]
        return {"imageIds": [{"imageTag": tag, "imageDigest": digest} for tag, digest in tags]}

    def _there(self, name: str) -> str:
        if name not in self.repositories:
            said = f"The repository with name '{name}' does not exist in the registry with id"
            raise RefusedError("RepositoryNotFoundException", f"{said} '{ACCOUNT}'")
        return self.repositories[name]

    def _digest(self, name: str, one: Mapping[str, str]) -> str:
        reference = one.get("imageDigest") or one["imageTag"]
        digest = self.contents.digest(name, reference)
        if digest is None:
            said = f"The image with imageId {{imageTag:'{reference}'}} does not exist within"
            raise RefusedError(
                "ImageNotFoundException", f"{said} the repository with name '{name}'"
            )
        return digest
