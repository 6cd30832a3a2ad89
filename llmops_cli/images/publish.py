"""An image to its registry: pushed once, never over another, pinned by the digest it has there."""

import re
from contextlib import suppress
from dataclasses import dataclass, replace

from llmops_cli.core.image import Image, Tell
from llmops_cli.core.release import Release
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import AccessError, BuildError, LlmopsError
from llmops_cli.images.inspection import Held, look_up
from llmops_cli.images.private_login import private_login
from llmops_cli.images.published import find_published, of_release, require_labels, tag_in
from llmops_cli.images.push_command import PushCommand, Run, is_retry
from llmops_cli.images.push_failure import Verdict, failure, verdict
from llmops_cli.registries.oci import Published, Registry
from llmops_cli.registries.patience import Patience
from llmops_cli.registries.stored_login import docker_folder
from llmops_cli.registries.trouble import full, says_full

_SERVING = "What was serving is serving still."
_STATE = f"Nothing was pushed. {_SERVING}"
_NO_ENGINE = re.compile("cannot connect to the docker daemon|error during connect", re.IGNORECASE)
_PATIENCE = Patience(first_seconds=1)


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
        EngineError: the engine refuses a question.
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
        require_labels(self._held().labels, self.image.name, self.release)
        if self.image.id:
            # What is pushed is what was examined, wherever the tag has moved meanwhile.
            self.engine.run("tag", self.image.id, self._target)
        return self._sent()

    @property
    def _target(self) -> str:
        return f"{self.registry.repository}:{tag_in(self.image.name)}"

    def _held(self) -> Held:
        held = look_up(self.engine, self.image.id or self.image.name)
        if held is None:
            raise BuildError(
                f"The engine does not hold {self.image.name}.",
                state=_STATE,
                next_step="Build it: llmops build",
            )
        return held

    def _found(self) -> Image | None:
        found = find_published(self.registry, self.image.name, self.release)
        return None if found is None else replace(self.image, digest=found.digest)

    def _sent(self) -> Image:
        attempt = 1
        while True:
            run, digests = self._once()
            if not run.status:
                return self._confirmed(digests or self._held().digests_in(self.image.repository))
            if _NO_ENGINE.search(run.said):
                raise self.engine.failure(("push",), run.said)
            meaning = verdict(run.said, self.registry.repository)
            if meaning is not Verdict.PASSING:
                # Somebody else may have pushed the same commit, or taken the tag.
                there = self._found()
                if there is None:
                    raise self._failure(run)
                return there
            if run.is_exhausted or not self.patience.pause(attempt):
                self._raise_if_full()
                raise self._failure(run)
            attempt += 1
            self.tell(f"{run.outcome}; attempt {attempt} of {self.patience.attempts}")

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
        # A registry that does not answer is what the next attempt is for.
        trouble = ""
        with suppress(BuildError):
            trouble = self.registry.trouble()
        if says_full(trouble):
            raise full(self.registry.repository, trouble)

    def _failure(self, run: Run) -> LlmopsError:
        return failure(run.said, self.registry.repository, self.registry.login())

    def _confirmed(self, pushed: tuple[str, ...]) -> Image:
        attempt = 1
        while (found := self._seen()) is None:
            # Some registries show a new tag a moment later.
            if not self.patience.pause(attempt):
                raise _lost(self._target)
            attempt += 1
        if found.digest in pushed:
            return replace(self.image, digest=found.digest)
        there = of_release(found, self.image.name, self.release)
        self.tell(f"another push of the same commit was faster; it is {there.digest}")
        return replace(self.image, digest=there.digest)

    def _seen(self) -> Published | None:
        try:
            return self.registry.find(tag_in(self.image.name))
        except (AccessError, BuildError) as error:
            error.state = "The image was sent; what the registry has is not verified. " + _SERVING
            raise


def _lost(target: str) -> BuildError:
    return BuildError(
        f"The registry took {target}, and does not know it now.",
        state=f"The image is not published. {_SERVING}",
        next_step="Check that nothing removes new tags, and run the same command again.",
    )
