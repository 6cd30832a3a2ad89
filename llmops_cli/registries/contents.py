"""What an image in a registry is made of: its configuration, and its layers as they stream by."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.registries.documents import ACCEPTED, Manifest, read
from llmops_cli.registries.session import Session
from llmops_cli.registries.trouble import broken, unexpected, unreachable
from llmops_cli.registries.wire import Answer, NoAnswerError

_NOT_THERE = 404
_CREATED = 201


@dataclass(frozen=True)
class Contents:
    """One image: its digest, its configuration, and the digests of its layers, the lowest first.

    ``body`` is its manifest, of the media type ``kind``.
    """

    digest: str
    configuration: Mapping[str, Any] = field(repr=False)
    layers: tuple[str, ...]
    body: bytes = field(repr=False)
    kind: str

    @property
    def diff_ids(self) -> tuple[str, ...]:
        """The digests of the layers as they are when they are not compressed."""
        return tuple(self.configuration.get("rootfs", {}).get("diff_ids", ()))


def contents_of(session: Session, reference: str, platform: str) -> Contents | None:
    """Return what a tag or digest stands for; of a list, the image for a platform. None for none.

    Raises:
        AccessError: the registry refuses the login.
        BuildError: it does not answer, or what it answers is damaged.
    """
    answer = session.get(f"manifests/{reference}", accept=ACCEPTED)
    if answer.status == _NOT_THERE:
        return None
    manifest = _parsed(session, answer, reference)
    if manifest.config is None:
        system, architecture, *_ = platform.split("/")
        fitting = (
            one.digest
            for one in manifest.images
            if (one.platform.os, one.platform.architecture) == (system, architecture)
        )
        found = next(fitting, None)
        return contents_of(session, found, platform) if found else None
    blob = session.expect(session.get(f"blobs/{manifest.config.digest}", accept="*/*"), 200)
    _verify(session, blob, manifest.config.digest)
    try:
        configuration = dict(json.loads(blob.body))
        layers = tuple(str(each["digest"]) for each in json.loads(answer.body)["layers"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise broken(session.repository, answer, "it is no image") from error
    kind = answer.headers.get("content-type", "")
    return Contents(_digest_of(answer.body), configuration, layers, answer.body, kind)


def layer(session: Session, digest: str) -> Iterator[bytes]:
    """Yield the bytes of a layer as they come; at its end they are verified.

    Raises:
        BuildError: the registry does not send it, or sends another.
    """
    found = hashlib.new(digest.partition(":")[0])
    try:
        for chunk in session.stream(f"blobs/{digest}"):
            found.update(chunk)
            yield chunk
    except NoAnswerError as error:
        raise unreachable(session.repository, error) from error
    if digest.partition(":")[2] != found.hexdigest():
        raise unreachable(session.repository, NoAnswerError(f"the layer {digest} is damaged"))


def give_tag(session: Session, contents: Contents, tag: str) -> None:
    """Give an image that is there a further tag.

    Raises:
        AccessError: the login may not push.
        BuildError: the registry does not take it.
    """
    headers = {"content-type": contents.kind}
    try:
        answer = session.change("PUT", session.url(f"manifests/{tag}"), contents.body, headers)
    except NoAnswerError as error:
        raise unreachable(session.repository, error) from error
    if answer.status != _CREATED:
        raise unexpected(session.repository, answer)


def _parsed(session: Session, answer: Answer, reference: str) -> Manifest:
    if ":" in reference:
        _verify(session, answer, reference)
    try:
        return read(Manifest, answer.body)
    except ValueError as error:
        raise broken(session.repository, answer, f"it is no manifest: {error}") from error


def _verify(session: Session, answer: Answer, digest: str) -> None:
    if _digest_of(answer.body) != digest:
        raise broken(session.repository, answer, f"what it sent is not {digest}")


def _digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"
