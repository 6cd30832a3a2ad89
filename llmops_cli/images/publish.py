"""An image to its registry: pushed once, never over another, pinned by the digest it has there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from llmops_cli.core.image import Image, Tell
from llmops_cli.core.release import Release
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import BuildError
from llmops_cli.images.held import Held
from llmops_cli.images.private_login import private_login
from llmops_cli.images.push_command import PushCommand, Run, is_retry
from llmops_cli.images.push_failure import Verdict, failure, verdict
from llmops_cli.registries.oci import Published, Registry
from llmops_cli.registries.patience import Patience
from llmops_cli.registries.stored_login import docker_folder
from llmops_cli.registries.trouble import full, says_full

#: The labels that say which commit, and which tree of the project's folder, an image is of.
REVISION = "org.opencontainers.image.revision"
TREE = "llmops.tree"

_STATE = "Nothing was pushed. What was serving is serving still."
_NO_ENGINE = re.compile("cannot connect to the docker daemon|error during connect", re.IGNORECASE)
_PATIENCE = Patience(first_seconds=1)


def find_published(registry: Registry, name: str, release: Release) -> Image | None:
    """Return the image ``repository:tag`` of a release from the registry, or None for a free tag.

    Raises:
        AccessError: the registry refuses the login.
        BuildError: it does not answer, or the tag holds an image of something else.
    """
    found = registry.find(_tag(name))
    return None if found is None else _of_release(found, name, release)


def publish(
    engine: Engine,
    image: Image,
    release: Release,
    registry: Registry,
    tell: Tell,
    *,
    patience: Patience = _PATIENCE,
) -> Image:
    """Push an image unless it is there, and return it with its digest in the registry.

    What may pass by itself is tried again; layers that arrived are not sent again.

    Raises:
        AccessError: the registry refuses the login, or it may not push.
        BuildError: the push failed, or the tag holds another image.
        EngineError: the engine does not hold the image.
    """
    return _Push(engine, image, release, registry, tell, patience).do()


@dataclass(frozen=True)
class _Push:
    engine: Engine
    image: Image
    release: Release
    registry: Registry
    tell: Tell
    patience: Patience

    def do(self) -> Image:
        there = self._found()
        if there is not None:
            self.tell("already there")
            return there
        held = Held(self.engine, self.image)
        _require_labels(held.labels(), self.image.name, self.release)
        if self.image.id:
            # What is pushed is what was examined, wherever the tag has moved meanwhile.
            self.engine.run("tag", self.image.id, self._target)
        return self._sent(held)

    @property
    def _target(self) -> str:
        return f"{self.registry.repository}:{_tag(self.image.name)}"

    def _found(self) -> Image | None:
        found = find_published(self.registry, self.image.name, self.release)
        return None if found is None else replace(self.image, digest=found.digest)

    def _sent(self, held: Held) -> Image:
        attempt = 1
        while True:
            run, digests = self._once()
            if not run.status:
                return self._confirmed(digests or held.digests(self.registry.repository))
            if _NO_ENGINE.search(run.said):
                raise self.engine.failure(("push",), run.said)
            meaning = verdict(run.said, self.registry.repository)
            if meaning is not Verdict.PASSING:
                # Somebody else may have pushed the same commit, or taken the tag.
                return self._found() or self._failed(run)
            if run.is_exhausted or not self.patience.pause(attempt):
                self._failed(run)
            attempt += 1
            self.tell(f"the connection failed; attempt {attempt} of {self.patience.attempts}")

    def _once(self) -> tuple[Run, tuple[str, ...]]:
        # The login is looked up for every attempt: it may be a short-lived one.
        repository = self.registry.repository
        operator = self.engine.config or docker_folder()
        with private_login(repository, self.registry.login(), operator) as folder:
            command = PushCommand(self.engine, self._target, folder, repository.is_loopback)
            run = command.run(self._watch())
            return run, command.digests()

    def _watch(self) -> Tell:
        asked: list[str] = []

        def tell(line: str) -> None:
            self.tell(line)
            # The engine does not say what failed, and repeats it for most of a minute: ask.
            if is_retry(line) and not asked:
                asked.append(line)
                self._raise_if_full()

        return tell

    def _raise_if_full(self) -> None:
        trouble = self.registry.trouble()
        if says_full(trouble):
            raise full(self.registry.repository, trouble)

    def _failed(self, run: Run) -> Image:
        self._raise_if_full()
        raise failure(run.said, self.registry, self.registry.login())

    def _confirmed(self, pushed: tuple[str, ...]) -> Image:
        attempt = 1
        while (found := self.registry.find(_tag(self.image.name))) is None:
            # Some registries show a new tag a moment later.
            if not self.patience.pause(attempt):
                raise _lost(self._target)
            attempt += 1
        if found.digest in pushed:
            return replace(self.image, digest=found.digest)
        there = _of_release(found, self.image.name, self.release)
        self.tell(f"another push of the same commit was faster; it is {there.digest}")
        return replace(self.image, digest=there.digest)


def _tag(name: str) -> str:
    return name.partition("@")[0].rpartition(":")[2]


def _of_release(found: Published, name: str, release: Release) -> Image:
    if _says(found.labels, release):
        return Image(name, id=found.configuration, digest=found.digest)
    revision = found.labels.get(REVISION)
    holds = f"an image of the commit {revision}" if revision else "an image without a commit"
    if revision == release.commit:
        holds = "an image of the same commit with other files"
    raise BuildError(
        f"The tag {name} is taken: it holds {holds}.",
        evidence=f"{found.digest}: {REVISION}={revision or '(none)'}, "
        f"{TREE}={found.labels.get(TREE) or '(none)'}",
        state="The tag was not changed. What was serving is serving still.",
        next_step=f"Remove {name} from the registry if nobody runs it, set another [image] "
        "repository, or make a new commit.",
    )


def _says(labels: Mapping[str, str], release: Release) -> bool:
    return labels.get(REVISION) == release.commit and labels.get(TREE) == release.tree


def _require_labels(labels: Mapping[str, str], name: str, release: Release) -> None:
    if not _says(labels, release):
        raise BuildError(
            f"The image {name} does not say that it is of the commit {release.commit[:12]}.",
            evidence=f"{REVISION}={labels.get(REVISION, '(none)')}, "
            f"{TREE}={labels.get(TREE, '(none)')}",
            state=_STATE,
            next_step="Build it again: llmops build",
        )


def _lost(target: str) -> BuildError:
    return BuildError(
        f"The registry took {target}, and does not know it now.",
        state="The image is not published. What was serving is serving still.",
        next_step="Check that nothing removes new tags, and run the same command again.",
    )
