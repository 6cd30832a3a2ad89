"""Fetches images, and tells how far it is: some are ten gigabytes."""

import queue
import threading
import time
from collections.abc import Iterator, Mapping

from llmops_cli.core.plan import Tell
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import EngineError
from llmops_cli.stacks.progress import ALIVE_SECONDS, TELL_SECONDS, plain, seconds_told

#: Seconds that one image may take.
MOST_SECONDS = 2700.0
_DONE = ("Pull complete", "Already exists")
_LAYER = ("Pulling fs layer", "Waiting", "Download", "Verifying", "Extracting", *_DONE)
_LAST_LINES = 20


def fetch(engine: Engine, images: Mapping[str, str], tell: Tell) -> None:
    """Fetch the images of services, by service, that the engine does not hold.

    Raises:
        EngineError: one cannot be had, or takes too long.
    """
    for service, image in images.items():
        if not _is_there(engine, image):
            _pull(engine, service, image, tell)


def _is_there(engine: Engine, image: str) -> bool:
    try:
        engine.run("image", "inspect", "--format", "{{.Id}}", image)
    except EngineError:
        return False
    return True


def _pull(engine: Engine, service: str, image: str, tell: Tell) -> None:
    began = told = time.monotonic()
    layers: dict[str, bool] = {}
    last: list[str] = []
    tell(f"{service}: fetches the image {image}")
    process = _Lines(engine, "pull", image)
    try:
        for line in process:
            now = time.monotonic()
            last = [*last, line][-_LAST_LINES:] if line else last
            is_new = _count(line, layers)
            if now - began > MOST_SECONDS:
                raise _slow(image, last)
            if now - told >= (TELL_SECONDS if is_new else ALIVE_SECONDS):
                told = now
                tell(f"{service}: {_layers(layers)} of {image}, {seconds_told(now - began)}")
    finally:
        status = process.end()
    if status:
        raise engine.failure(("pull", image), "\n".join(last))
    tell(f"{service}: the image is there after {seconds_told(time.monotonic() - began)}")


def _count(line: str, layers: dict[str, bool]) -> bool:
    """Note what a line says of a layer; True where one more is done."""
    layer, _colon, state = line.partition(": ")
    if not state.startswith(_LAYER):
        return False
    was, layers[layer] = layers.get(layer, False), state.startswith(_DONE)
    return layers[layer] and not was


def _layers(layers: Mapping[str, bool]) -> str:
    return f"{sum(layers.values())} of {len(layers)} layers" if layers else "the description"


def _slow(image: str, last: list[str]) -> EngineError:
    return EngineError(
        f"The image {image} was not there after {seconds_told(MOST_SECONDS)}.",
        evidence="\n".join(last),
        next_step="Run this again: what has arrived is kept.",
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
