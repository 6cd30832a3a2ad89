"""Starts services of a stack, and waits until they are healthy; a first start takes minutes."""

import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llmops_cli.core.plan import Tell
from llmops_cli.core.target import SecretStore
from llmops_cli.errors import DeployError
from llmops_cli.stacks import files
from llmops_cli.stacks.beside import Beside
from llmops_cli.stacks.compose import Compose, StackText
from llmops_cli.stacks.progress import PACE, Pace, Progress, last_lines, seconds_told
from llmops_cli.stacks.pulling import fetch
from llmops_cli.stacks.running import Running, services_on

#: A service that ended so often while it was waited for does not come up.
_MOST_RESTARTS = 3
_LINES_SHOWN = 20
_GOES_ON = "What came up stays up. What loads still goes on, and is waited for the next time."


@dataclass(frozen=True)
class Starting:
    """What services are started from, and who is told of it."""

    compose: Compose
    file: StackText
    beside: Beside
    store: SecretStore
    tell: Tell
    pace: Pace = PACE

    def start(self, names: Sequence[str], *, renews: bool = False) -> None:
        """Start services and wait until they are healthy.

        One that runs is left as it is, unless ``renews`` and its definition has changed.

        Raises:
            EngineError: an image cannot be had, or the engine refuses.
            DeployError: a service does not come up, or not in time; its log says why.
        """
        engine, stack = self.compose.engine, self.compose.stack
        chosen = [service for service in self.beside.services if service.name in names]
        files.put(engine, stack, self.beside.files)
        fetch(engine, {service.name: service.image for service in chosen}, self.tell, self.pace)
        most = max((service.start_seconds for service in chosen), default=0) + self.pace.slack
        before = {found.id: found.restarts for found in services_on(engine, stack)}
        process = self.compose.begin(self.file, *names, renews=renews)
        said = _Said(process)
        try:
            self._watch(process, names, before, time.monotonic() + most)
        except _EndedError as error:
            raise self._failure(names, said.lines()) from error
        finally:
            process.terminate()
            said.lines()

    def _watch(
        self,
        process: "subprocess.Popen[bytes]",
        names: Sequence[str],
        before: dict[str, int],
        deadline: float,
    ) -> None:
        progress = Progress(self.compose.engine, self.tell, self._hider(), self.pace)
        while True:
            status = _waited(process, self.pace.look)
            found = self._found(names)
            progress.of(found)
            if status == 0:
                return
            if status is not None:
                raise _EndedError
            for service in found:
                if service.restarts - before.get(service.id, 0) >= _MOST_RESTARTS:
                    raise self._sick(service, f"It ended {_MOST_RESTARTS} times")
            if time.monotonic() > deadline:
                raise self._late(found, progress.elapsed)

    def _found(self, names: Sequence[str]) -> list[Running]:
        engine, stack = self.compose.engine, self.compose.stack
        return [found for found in services_on(engine, stack) if found.service in names]

    def _failure(self, names: Sequence[str], said: str) -> Exception:
        """Say what it means that compose gave up: of the service that is not well, if one is."""
        sick = [service for service in self._found(names) if not service.is_well]
        # One that ends at once is perhaps being started again just now.
        ended = [one for one in sick if one.state != "running" or one.restarts]
        for service in ended or [found for found in sick if found.health == "unhealthy"]:
            how = f"status {service.exit_code}" if service in ended else "an unhealthy check"
            return self._sick(service, f"It ended with {how}")
        return self.compose.engine.failure(("compose",), said)

    def _late(self, found: Sequence[Running], seconds: float) -> DeployError:
        late = next((service for service in found if not service.is_well), None)
        if late is None:
            return DeployError(f"The stack is not up after {seconds_told(seconds)}.")
        return self._sick(late, f"Not healthy after {seconds_told(seconds)}")

    def _sick(self, service: Running, what: str) -> DeployError:
        lines = last_lines(self.compose.engine, service, _LINES_SHOWN)
        last = self._hider()("\n".join(lines))
        return DeployError(
            f"{service.service} does not come up.",
            evidence=f"{what}. The end of its log:\n{last or '(nothing was written)'}",
            state=_GOES_ON,
            next_step=f"llmops logs --service {service.service}",
        )

    def _hider(self) -> Callable[[str], str]:
        versions = self.beside.secret_versions
        values = [self.store.read(name, version) for name, version in versions.items()]
        hidden = sorted({value.reveal() for value in values if value}, key=len, reverse=True)

        def hide(text: str) -> str:
            for value in hidden:
                text = text.replace(value, "***") if len(value) > 3 else text
            return text

        return hide


class _EndedError(Exception):
    """Compose has given up."""


class _Said:
    """What a process says, read while it runs so that it never has to wait for a reader."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._read = b""
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def lines(self) -> str:
        """Return all that it said, once it has ended."""
        self._reader.join()
        self._process.wait()
        return self._read.decode(errors="replace")

    def _listen(self) -> None:
        with self._process.stdout as stream:  # type: ignore[union-attr]
            self._read = stream.read()


def _waited(process: "subprocess.Popen[bytes]", seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
