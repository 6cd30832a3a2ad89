"""A repository of an OCI registry: what tags hold, and whether more can be put there."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from llmops_cli.core.secret import Secret
from llmops_cli.registries.client import open_client
from llmops_cli.registries.contents import Contents, contents_of, give_tag, layer
from llmops_cli.registries.documents import ACCEPTED, Configuration, Manifest, read
from llmops_cli.registries.holdings import Removal, all_tags, remove_image
from llmops_cli.registries.login import Credentials, Fixed, Login
from llmops_cli.registries.patience import Patience
from llmops_cli.registries.probe import trouble_of
from llmops_cli.registries.reference import Repository, parse
from llmops_cli.registries.session import Session
from llmops_cli.registries.stored_login import StoredLogin, docker_files
from llmops_cli.registries.trouble import broken
from llmops_cli.registries.trust import DOCKER_CERTIFICATES
from llmops_cli.registries.wire import Answer

_NOT_THERE = 404


@dataclass(frozen=True)
class Published:
    """What a tag or digest stands for: ``digest`` of the manifest, ``labels`` of the image.

    ``configuration`` is the digest of the image's configuration, which engines use as its id; it
    is empty for a list of images, whose digests are ``parts``.
    """

    digest: str
    configuration: str
    labels: Mapping[str, str]
    parts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Opened:
    """An image in a registry while it is read."""

    session: Session
    contents: Contents

    def layer(self, digest: str) -> Iterator[bytes]:
        """Yield the bytes of one of its layers. Raises BuildError."""
        return layer(self.session, digest)

    def tag(self, tag: str) -> None:
        """Give it a further tag. Raises AccessError, BuildError."""
        give_tag(self.session, self.contents, tag)


@dataclass(frozen=True)
class Registry:
    """A repository, and who we are there. Making one asks nobody anything."""

    repository: Repository
    credentials: Credentials
    patience: Patience = field(default_factory=Patience)
    certificates: Path = DOCKER_CERTIFICATES

    def login(self) -> Login | None:
        """Return who we are there, looked up anew; None for nobody.

        Raises:
            AccessError, PreflightError: as `Credentials` says.
        """
        return self.credentials.login()

    def find(self, reference: str) -> Published | None:
        """Return what a tag or digest stands for, or None where the registry has no such thing.

        Everything is verified by its digest; the digest of a tag is computed from its manifest.

        Raises:
            AccessError: the registry refuses the login.
            BuildError: it does not answer, or what it answers is damaged.
        """
        with self._session() as session:
            return self._find(session, reference)

    def holdings(self) -> Mapping[str, Published]:
        """Return what every tag of the repository stands for, by tag.

        Raises:
            AccessError, BuildError: as `find`.
        """
        with self._session() as session:
            found = {tag: self._find(session, tag) for tag in all_tags(session)}
        return {tag: published for tag, published in found.items() if published is not None}

    def remove(self, digests: Iterable[str]) -> Iterator[Removal]:
        """Remove images by their digests, one after the other, with all tags that they have.

        Raises:
            AccessError: the login may not remove.
            BuildError: the registry does not answer.
        """
        with self._session() as session:
            for digest in digests:
                yield remove_image(session, digest)

    @contextmanager
    def opened(self, reference: str, platform: str) -> Iterator[Opened | None]:
        """Yield what an image is made of, to be read inside; None where there is no such image.

        Raises:
            AccessError, BuildError: as `find`.
        """
        with self._session() as session:
            found = contents_of(session, reference, platform)
            yield Opened(session, found) if found else None

    def check(self) -> None:
        """Ask whether the registry answers and accepts the login.

        Raises:
            AccessError, BuildError: as `find`.
        """
        with self._session() as session:
            session.expect(session.get("", accept="application/json"), 200)

    def trouble(self) -> str:
        """Try to begin an upload, take it back, and return why it could not be; else nothing.

        Raises:
            AccessError: the login may not push.
        """
        with self._session() as session:
            return trouble_of(session)

    def _find(self, session: Session, reference: str) -> Published | None:
        answer = session.get(f"manifests/{reference}", accept=ACCEPTED)
        if answer.status == _NOT_THERE:
            return None
        digest = self._verified(answer, reference)
        manifest = self._manifest(answer)
        if manifest.config is None:
            labels = self._shared_labels(session, manifest, answer)
            parts = tuple(one.digest for one in manifest.manifests)
            return Published(digest, "", labels, parts)
        configuration = manifest.config.digest
        return Published(digest, configuration, self._labels(session, configuration))

    def _shared_labels(
        self, session: Session, manifest: Manifest, answer: Answer
    ) -> Mapping[str, str]:
        found: list[Mapping[str, str]] = []
        for one in manifest.images:
            inner = session.expect(session.get(f"manifests/{one.digest}", accept=ACCEPTED), 200)
            self._verified(inner, one.digest)
            config = self._manifest(inner).config
            if config is None:
                raise broken(self.repository, inner, "it is a list within a list")
            found.append(self._labels(session, config.digest))
        if not found:
            raise broken(self.repository, answer, "it is no image")
        common = set(found[0].items()).intersection(*(labels.items() for labels in found))
        return dict(common)

    def _labels(self, session: Session, configuration: str) -> Mapping[str, str]:
        answer = session.expect(session.get(f"blobs/{configuration}", accept="*/*"), 200)
        self._verified(answer, configuration)
        try:
            return read(Configuration, answer.body).labels
        except ValueError as error:
            raise broken(self.repository, answer, f"it is no configuration: {error}") from error

    def _manifest(self, answer: Answer) -> Manifest:
        try:
            manifest = read(Manifest, answer.body)
        except ValueError as error:
            raise broken(self.repository, answer, f"it is no manifest: {error}") from error
        if manifest.config is None and not manifest.manifests:
            raise broken(self.repository, answer, "it is no manifest of a kind that is known")
        return manifest

    def _verified(self, answer: Answer, reference: str) -> str:
        promised = reference if ":" in reference else answer.headers.get("docker-content-digest")
        algorithm = (promised or "sha256:").partition(":")[0]
        if algorithm not in ("sha256", "sha512"):
            raise broken(self.repository, answer, f"its digest is {promised}")
        digest = f"{algorithm}:{hashlib.new(algorithm, answer.body).hexdigest()}"
        if promised and promised != digest:
            reason = f"the registry calls it {promised}, but what it sent is {digest}"
            raise broken(self.repository, answer, reason)
        return digest

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with open_client(self.repository, self.certificates) as (client, repository):
            yield Session(client, repository, self.credentials, self.patience)


def make_registry(
    repository: str, username: str | None = None, password: Secret | None = None
) -> Registry:
    """Make the registry of a repository such as ``registry.example.com/team/chat``.

    Without a user and a password, the login is the one that `docker login` has stored.

    Raises:
        ConfigError: it is not a repository.
    """
    found = parse(repository)
    if username is None or password is None:
        return Registry(found, StoredLogin(found, docker_files()))
    return Registry(found, Fixed(Login(username, password)))
