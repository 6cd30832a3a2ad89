"""Fetches images, and tells how far it is: some are ten gigabytes."""

import queue
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from llmops_cli.core.plan import Tell
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import EngineError
from llmops_cli.stacks.progress import PACE, Pace, plain, seconds_told

_DONE = ("Pull complete", "Already exists")
_LAYER = ("Pulling fs layer", "Waiting", "Download", "Verifying", "Extracting", *_DONE)
_LAST_LINES = 20


def fetch(engine: Engine, images: Mapping[str, str], tell: Tell, pace: Pace = PACE) -> None:
    """Fetch the images of services, by service, that the engine does not hold.

    Raises:
        EngineError: one cannot be had, or takes too long.
    """
    for service, image in images.items():
        if not _is_there(engine, image):
            _Pull(engine, service, image, tell, pace).do()


def _is_there(engine: Engine, image: str) -> bool:
    try:
        engine.run("image", "inspect", "--format", "{{.Id}}", image)
    except EngineError:
        return False
    return True


@dataclass
class _Pull:
    """One image on its way: its layers, and whether each is there."""

    engine: Engine
    service: str
    image: str
    tell: Tell
    pace: Pace
    layers: dict[str, bool] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def do(self) -> None:
        """Fetch it."""
        self.tell(f"{self.service}: fetches the image {self.image}")
        said: deque[str] = deque(maxlen=_LAST_LINES)
        process = _Lines(self.engine, "pull", self.image)
        try:
            self._listen(process, said)
        finally:
            status = process.end()
        if status:
            raise self.engine.failure(("pull", self.image), "\n".join(said))
        self.tell(f"{self.service}: the image is there after {self._elapsed}")

    def _listen(self, lines: Iterable[str], said: deque[str]) -> None:
        told = self.began
        for line in lines:
            if line:
                said.append(line)
            is_new = self._note(line)
            if time.monotonic() - self.began > self.pace.pull:
                raise self._late(said)
            if time.monotonic() - told >= (self.pace.tell if is_new else self.pace.alive):
                told = time.monotonic()
                self.tell(f"{self.service}: {self._layers} of {self.image}, {self._elapsed}")

    def _note(self, line: str) -> bool:
        """Note what a line says of a layer; True where one more is there."""
        layer, _colon, state = line.partition(": ")
        if not state.startswith(_LAYER):
            return False
        was, self.layers[layer] = self.layers.get(layer, False), state.startswith(_DONE)
        return self.layers[layer] and not was

    @property
    def _layers(self) -> str:
        there = sum(self.layers.values())
        return f"{there} of {len(self.layers)} layers" if self.layers else "waits for the layers"

    @property
    def _elapsed(self) -> str:
        return seconds_told(time.monotonic() - self.began)

    def _late(self, said: Iterable[str]) -> EngineError:
        return EngineError(
            f"The image {self.image} of {self.service} was not there after {self._elapsed}.",
            evidence="\n".join(said),
            next_step="Run this again: layers that have arrived are kept.",
        )


class _Lines:
    """Yields what a command writes, and an empty line in each second of silence."""

    def __init__(self, engine: Engine, *arguments: str) -> None:
        self._process = engine.start(*arguments, merged=True)
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __iter__(self) -> Iterator[str]:
        while True:
            try:
                line = self._lines.get(timeout=1)
            except queue.Empty:
                line = ""
            if line is None:
                self._process.wait()
                return
            yield line

    def end(self) -> int:
        """End the command if it runs still, and return how it ended."""
        self._process.terminate()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        return self._process.returncode

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(plain(line.decode(errors="replace")))
        self._lines.put(None)
