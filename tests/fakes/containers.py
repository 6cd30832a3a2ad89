"""Containers: an image, an environment, and a process of the API that is really there."""

import http.client
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from tests.fakes.processes import Files, Process, Processes
from tests.waiting import eventually

__all__ = ["Container", "Containers", "Files", "Processes", "Script"]

#: What an image does: run well, end at once, run without ever answering, or not be there.
Manner = Literal["good", "crashes", "hangs", "is not there"]
DEFAULT_PORT = 8000
#: What the API does not look at: where it listens is not for it to say here, and what a target
#: notes of a release, with ids and moments in it, would keep equal releases from sharing one.
UNREAD = frozenset(
    {
        "HOST",
        "PORT",
        "LLMOPS_RECORD",
        "AIP_ENDPOINT_ID",
        "AIP_DEPLOYED_MODEL_ID",
        "AIP_VERSION_NAME",
    }
)


@dataclass(frozen=True)
class Script:
    """How images behave whose reference contains ``part``; ``environment`` is laid over theirs.

    They are not ready the first ``late`` times that somebody looks.
    """

    part: str
    manner: Manner = "good"
    late: int = 0
    environment: dict[str, str] = field(default_factory=dict)
    log: str = ""


@dataclass
class Container:
    """One container. ``port`` is where the platform expects it to listen.

    ``health`` is the path that it answers with 200 when it is ready.
    """

    image: str
    environment: dict[str, str]
    port: int
    manner: Manner
    process: Process | None
    pool: Processes
    scripted_log: str = ""
    late: int = 0
    is_stopped: bool = False
    health: str = "/health"
    _was_ready: bool = False

    @property
    def address(self) -> tuple[str, int] | None:
        """Where it answers, or None where nothing does."""
        if self.process is None or self.is_stopped or not self._hears:
            return None
        return ("127.0.0.1", self.process.port) if self.process.is_running else None

    @property
    def is_running(self) -> bool:
        """Whether its process is there, ready or not."""
        if self.is_stopped or self.manner in ("crashes", "is not there"):
            return False
        return self.process is None or self.process.is_running

    @property
    def is_ready(self) -> bool:
        """Whether it answers its health check with 200."""
        if self.address is None:
            return False
        if self.late > 0:
            self.late -= 1
            return False
        self._was_ready = self._was_ready or self.ping(self.health, seconds=1) == 200
        return self._was_ready

    @property
    def log(self) -> str:
        """What it wrote."""
        return self.scripted_log + (self.process.log if self.process else "")

    def ping(self, path: str, *, seconds: float = 1) -> int | None:
        """Return the status that it answers a GET with, or None for no answer."""
        if self.address is None:
            return None
        client = http.client.HTTPConnection(*self.address, timeout=seconds)
        with closing(client), suppress(OSError, http.client.HTTPException):
            client.request("GET", path)
            return client.getresponse().status
        return None

    def stop(self) -> None:
        """Stop it. Its process lives on if it is another container's too."""
        if self.is_stopped:
            return
        self.is_stopped = True
        if self.process is not None:
            self.pool.give_back(self.process)

    @property
    def _hears(self) -> bool:
        told = self.environment.get("AIP_HTTP_PORT") or self.environment.get("PORT", DEFAULT_PORT)
        return int(told) == self.port


@dataclass
class Containers:
    """Starts containers. ``refuses`` says of an image why it cannot be pulled, or None.

    ``files`` are those of images; others are empty.
    """

    pool: Processes
    refuses: Callable[[str], str | None] = lambda image: None
    files: dict[str, Files] = field(default_factory=dict)
    started: list[Container] = field(default_factory=list)
    _scripts: list[Script] = field(default_factory=list)

    def script(
        self,
        part: str,
        manner: Manner = "good",
        *,
        late: int = 0,
        environment: Mapping[str, str] | None = None,
        log: str = "",
    ) -> None:
        """Let images whose reference contains ``part`` behave so from now on."""
        self._scripts.insert(0, Script(part, manner, late, dict(environment or {}), log))

    def why_not_pulled(self, image: str) -> str | None:
        """Return what the platform says when it cannot pull an image, or None if it can."""
        if self._script(image).manner == "is not there":
            return f"failed to pull image {image}: manifest unknown"
        return self.refuses(image)

    def start(
        self, image: str, environment: Mapping[str, str], port: int, *, health: str = "/health"
    ) -> Container:
        """Start a container; it is ready some time later, or never."""
        script = self._script(image)
        manner = "is not there" if self.why_not_pulled(image) else script.manner
        full = {**environment, **script.environment}
        process = None
        if manner == "good":
            seen = {name: text for name, text in full.items() if name not in UNREAD}
            process = self.pool.take(seen, self.files.get(image))
        log = script.log or ("Traceback: it crashes\n" if manner == "crashes" else "")
        made = Container(image, full, port, manner, process, self.pool, log, script.late)
        made.health = health
        self.started.append(made)
        return made

    def warm(self) -> None:
        """Wait until all answer that will: as a busy machine starts them, that takes its time."""
        for container in self.started:
            eventually(partial(_is_settled, container))

    def close(self) -> None:
        """Stop all."""
        for container in self.started:
            container.stop()

    def _script(self, image: str) -> Script:
        return next((one for one in self._scripts if one.part in image), Script(""))


def _is_settled(container: Container) -> bool:
    """Whether it answers, or never will."""
    return container.address is None or container.ping(container.health) is not None
