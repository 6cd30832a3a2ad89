"""What an image of the embedded API weighs, how soon it answers, and what an edit costs.

Start: the time from `docker run` until the first good answer, next to an image on the same base in
which uvicorn serves one route of FastAPI that says hello; the two take turns. Goal: at most 1.5
times as long. Size: megabytes above the base. Goal: at most 60. Edit: the prompt is changed and
the image built again: the time next to the first build, which layers changed (goal: one) and, where
docker-registry is installed, how many bytes a push sends.
"""

import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import httpx2

from llmops_cli.core.image import Image
from tests.engines import BASE
from tests.images.building import Making, docker, layers, making, running
from tests.images.small import unique
from tests.registries import servers

ROUNDS = 15
HELLO = """\
FROM {base}
RUN python -m venv /venv && python -m pip --python /venv/bin/python install -q fastapi uvicorn
RUN echo "import fastapi" > /hello.py \\
 && echo "app = fastapi.FastAPI()" >> /hello.py \\
 && echo "app.get('/')(lambda: 'hello')" >> /hello.py
CMD ["/venv/bin/uvicorn", "--app-dir", "/", "--host", "0.0.0.0", "--port", "8000", "hello:app"]
"""


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, making(Path(folder) / "chat") as made:
        started = time.perf_counter()
        image = made.build(use_cache=False)
        first = time.perf_counter() - started
        _print_size(image)
        _print_starts(image, Path(folder))
        _print_edit(made, image, first)
        if shutil.which("docker-registry"):
            _print_pushes(made, Path(folder))


def _print_size(image: Image) -> None:
    above = _bytes(image.id) - _bytes(BASE)
    print(f"size         {above / 1e6:6.1f} MB above {BASE}")


def _print_starts(image: Image, folder: Path) -> None:
    hello = unique()
    subprocess.run(
        ["docker", "build", "-q", "-t", hello, "-"],
        input=HELLO.format(base=BASE).encode(),
        capture_output=True,
        check=True,
    )
    seconds: dict[str, list[float]] = {hello: [], image.id: []}
    try:
        for _ in range(ROUNDS):
            seconds[hello].append(_start(hello, folder, "/"))
            seconds[image.id].append(_start(image.id, folder, "/health/ready"))
    finally:
        docker("rmi", "-f", hello)
    bare, ours = (statistics.median(found) for found in seconds.values())
    print(f"bare start   {bare * 1000:6.0f} ms")
    print(f"start        {ours * 1000:6.0f} ms   ratio {ours / bare:4.2f}")


def _start(image: str, folder: Path, path: str) -> float:
    started = time.perf_counter()
    with running(image, folder) as container:
        while time.perf_counter() - started < 60:
            try:
                if httpx2.get(container.url + path, timeout=1).status_code == 200:
                    return time.perf_counter() - started
            except httpx2.HTTPError:
                time.sleep(0.005)
        raise RuntimeError(container.logs)


def _print_edit(made: Making, image: Image, first: float) -> None:
    before = layers(image)
    made.project.change("You are even briefer.")
    started = time.perf_counter()
    after = layers(made.build())
    again = time.perf_counter() - started
    changed = [number for number, layer in enumerate(after) if layer not in before]
    print(f"first build  {first:6.2f} s")
    print(f"after edit   {again:6.2f} s    ratio {again / first:4.2f}", end="")
    print(f"   changed layers: {changed} of {len(after)}")


def _print_pushes(made: Making, folder: Path) -> None:
    with servers.running(folder / "registry") as registry:
        repository = f"{registry.host}/{made.images.name_of(made.release).partition(':')[0]}"
        sent = []
        for prompt in ("One.", "Two."):
            made.project.change(prompt)
            image = made.build()
            before = _stored(registry.storage)
            docker("tag", image.id, f"{repository}:{made.release.id}")
            docker("push", "-q", f"{repository}:{made.release.id}")
            sent.append(_stored(registry.storage) - before)
            docker("rmi", f"{repository}:{made.release.id}")
    print(f"first push   {sent[0]:>10,} bytes, the base among them")
    print(f"after edit   {sent[1]:>10,} bytes")


def _stored(storage: Path) -> int:
    return sum(path.stat().st_size for path in storage.rglob("data") if path.is_file())


def _bytes(image: str) -> int:
    return int(docker("image", "inspect", "--format", "{{.Size}}", image))


if __name__ == "__main__":
    main()
