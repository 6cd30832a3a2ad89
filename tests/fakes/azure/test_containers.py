"""Containers and fronts of the fake Azure behave as the real ones do."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import httpx2
import pytest

from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.containers import Container
from tests.project import API_KEY
from tests.waiting import eventually

OLD, NEW = "a" * 12, "b" * 12
IMAGE = "registry.example/demo@sha256:aa"


def environment(release: str = OLD, **more: str) -> Mapping[str, str]:
    """What a container of a release is started with."""
    return {"LLMOPS_RELEASE": release, "LLMOPS_API_KEY": API_KEY, "PORT": "8000", **more}


def started(azure: AzureCloud, release: str = OLD, **more: str) -> Container:
    """Start a container and wait until it is ready."""
    container = azure.containers.start(IMAGE, environment(release, **more), 8000)
    eventually(lambda: container.is_ready)
    return container


def test_a_front_spreads_requests_by_weight(azure: AzureCloud, browser: httpx2.Client) -> None:
    old, new = started(azure), started(azure, NEW)
    host = azure.fronts.open(lambda: [(75, old), (25, new), (0, None)])
    answered = [browser.get(f"https://{host}/version").json()["release"] for _ in range(40)]
    assert 28 <= answered.count(OLD) <= 32
    assert answered.count(OLD) + answered.count(NEW) == 40


def test_a_front_passes_a_stream_on_as_it_comes(azure: AzureCloud, browser: httpx2.Client) -> None:
    container = started(azure)
    host = azure.fronts.open(lambda: [(100, container)])
    body = {"model": "demo", "stream": True, "messages": [{"role": "user", "content": "a b c d"}]}
    moments = []
    with browser.stream("POST", f"https://{host}/v1/chat/completions", json=body) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            moments += [time.monotonic()] if line else []
    assert line == "" or line.startswith("data:")
    assert len(moments) > 4
    # Held back until its end, it would come within a moment.
    assert moments[-1] - moments[0] > 0.02


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers that it was sent."""

    def do_GET(self) -> None:
        content = json.dumps(dict(self.headers)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Endless(Echo):
    """Answers without end; ``server.left`` says that nobody listens any more."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(b"data: more\n\n")
                self.server.left.wait(0.01)
        self.server.left.set()


@dataclass
class Backend:
    """As much of a container as a front needs."""

    address: tuple[str, int]
    left: Event


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A backend whose answers are those of a class."""
    with ThreadingHTTPServer(("127.0.0.1", 0), request.param) as server:
        server.left = Event()
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield Backend(("127.0.0.1", server.server_port), server.left)
        server.left.set()
        server.shutdown()


@pytest.mark.parametrize("backend", [Endless], indirect=True)
def test_who_hangs_up_at_a_front_hangs_up_at_the_container(
    azure: AzureCloud, browser: httpx2.Client, backend: Any
) -> None:
    host = azure.fronts.open(lambda: [(100, backend)])
    with browser.stream("GET", f"https://{host}/") as answer:
        assert next(answer.iter_lines()) == "data: more"
    assert backend.left.wait(30)


@pytest.mark.parametrize(
    ("style", "last"),
    [
        ("app-service", r"203\.0\.113\.7,127\.0\.0\.1:\d+"),
        ("envoy", r"203\.0\.113\.7,127\.0\.0\.1"),
    ],
)
@pytest.mark.parametrize("backend", [Echo], indirect=True)
def test_a_front_says_who_asks(
    azure: AzureCloud, browser: httpx2.Client, backend: Any, style: Any, last: str
) -> None:
    host = azure.fronts.open(lambda: [(100, backend)], style=style)
    sent = browser.get(f"https://{host}/", headers={"X-Forwarded-For": "203.0.113.7"}).json()
    assert re.fullmatch(last, sent["X-Forwarded-For"])
    assert (sent["X-Forwarded-Proto"], sent["X-Forwarded-Host"]) == ("https", host)
    assert sent["Host"] == host


@pytest.mark.parametrize(("behind", "status"), [("none", 503), ("stopped", 504)])
def test_a_front_without_anybody_behind_it_says_so(
    azure: AzureCloud, browser: httpx2.Client, behind: str, status: int
) -> None:
    container = azure.containers.start(IMAGE, environment(), 8000)
    container.stop()
    shares = {"none": [], "stopped": [(100, container)]}
    host = azure.fronts.open(lambda: shares[behind])
    assert browser.get(f"https://{host}/health").status_code == status


def test_containers_with_the_same_environment_share_a_process(azure: AzureCloud) -> None:
    one, same = started(azure), started(azure, LLMOPS_RECORD="what a target notes")
    other = azure.containers.start(IMAGE, environment(NEW), 8000)
    assert one.process is same.process
    assert one.process is not other.process
    one.stop()
    assert (one.address, one.is_running) == (None, False)
    assert same.ping("/health") == 200


def test_a_container_that_listens_elsewhere_is_never_ready(azure: AzureCloud) -> None:
    container = azure.containers.start(IMAGE, environment(PORT="9000"), 8000)
    assert (container.is_running, container.is_ready, container.address) == (True, False, None)


@pytest.mark.parametrize("manner", ["crashes", "hangs", "is not there"])
def test_images_misbehave_as_they_are_told(azure: AzureCloud, manner: Any) -> None:
    azure.containers.script("@sha256:aa", manner)
    container = azure.containers.start(IMAGE, environment(), 8000)
    assert container.is_running is (manner == "hangs")
    assert not container.is_ready
    assert (azure.containers.why_not_pulled(IMAGE) is not None) is (manner == "is not there")
    assert azure.containers.why_not_pulled("registry.example/demo@sha256:bb") is None


def test_a_slow_image_is_ready_later(azure: AzureCloud) -> None:
    started(azure)
    azure.containers.script("@sha256:aa", late=2)
    slow = azure.containers.start(IMAGE, environment(), 8000)
    assert [slow.is_ready for _ in range(4)] == [False, False, True, True]


def test_an_image_can_be_of_another_release_than_its_environment_says(azure: AzureCloud) -> None:
    azure.containers.script("@sha256:aa", environment={"LLMOPS_RELEASE": NEW})
    container = started(azure)
    assert container.address is not None
    url = "http://{}:{}/version".format(*container.address)
    assert httpx2.get(url).json()["release"] == NEW
