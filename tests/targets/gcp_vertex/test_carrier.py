"""Questions that are asked through raw and streaming predict reach the API as any others do."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread
from typing import Any

import pytest

from llmops_cli.checks.subject import Subject
from llmops_cli.core.carrier import Carried, CarrierError, TooLateError
from llmops_cli.core.check import Verdict
from llmops_cli.core.secret import Secret
from llmops_cli.flows.smoke_test import smoke_test
from llmops_cli.targets.gcp_vertex.carrier import PredictCarrier
from tests.serve import served
from tests.serve.served import KEY, RELEASE

ENDPOINT = "/v1/projects/p/locations/l/endpoints/e"


class Vertex(ThreadingHTTPServer):
    """Vertex AI in front of one release: it forwards predictions, in turn to another release."""

    api = ""
    others = 0
    asked: list[str]
    statuses: list[int]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}{ENDPOINT}"


class Handler(BaseHTTPRequestHandler):
    server: Vertex

    def do_POST(self) -> None:
        import httpx2

        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.append(self.path.removeprefix(ENDPOINT))
        assert self.headers["authorization"] == "Bearer google"
        if self.server.statuses:
            self.send_error(self.server.statuses.pop(0), "said by Google")
            return
        if self.server.others:
            self.server.others -= 1
            wrapped = json.loads(body)
            wrapped["llmops_request"]["release"] = "somebody-else"
            body = json.dumps(wrapped).encode()
        with httpx2.stream("POST", f"{self.server.api}/predict", content=body) as answer:
            self.send_response(answer.status_code)
            self.send_header("content-type", answer.headers["content-type"])
            self.send_header("connection", "close")
            self.end_headers()
            for chunk in answer.iter_raw():
                self.wfile.write(chunk)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    variables = {
        "AIP_HTTP_PORT": "8080",
        "AIP_HEALTH_ROUTE": "/health/ready",
        "AIP_PREDICT_ROUTE": "/predict",
    }
    with served.running(tmp_path_factory.mktemp("api"), variables) as found:
        yield found.address


@pytest.fixture
def vertex(api: str) -> Iterator[Vertex]:
    with Vertex(("127.0.0.1", 0), Handler) as server:
        server.api, server.asked, server.statuses = api, [], []
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def carrier_to(vertex: Vertex, release: str = "") -> PredictCarrier:
    return PredictCarrier(lambda: vertex.address, lambda refused: "google", release)


def version(seconds: float = 5) -> Carried:
    return Carried("GET", "/version", {}, b"", seconds)


def test_every_check_passes_through_an_endpoint(vertex: Vertex) -> None:
    subject = Subject(
        vertex.address, Secret(KEY), expected_release=RELEASE, carrier=carrier_to(vertex, RELEASE)
    )
    report = smoke_test(subject)
    found = {one.name: one.verdict for one in report.results}
    failed = {one.name: one.evidence for one in report.results if one.verdict is Verdict.FAILED}
    assert (failed, report.release) == ({}, RELEASE)
    asked = ("body-limit", "refuses-wrong-credential", "streaming", "session-memory", "request-id")
    assert [found[name] for name in asked] == [Verdict.PASSED] * len(asked)
    assert vertex.asked.count(":streamRawPredict") == 1


def test_the_right_release_is_asked_for_until_it_answers(vertex: Vertex) -> None:
    vertex.others = 5
    reply = carrier_to(vertex, RELEASE).carry(version())
    assert json.loads(b"".join(reply.chunks()))["release"] == RELEASE
    assert len(vertex.asked) == 6


def test_a_search_ends_when_its_time_does(vertex: Vertex) -> None:
    # Every look at the clock finds it ten seconds later, and a search has thirty.
    clock = partial(next, count(step=10))
    carrier = replace(carrier_to(vertex, "nobody"), clock=clock)
    with pytest.raises(TooLateError, match="only other releases than nobody answer"):
        carrier.carry(version(seconds=60))
    assert len(vertex.asked) == 3


def test_google_s_own_failure_is_no_answer_of_the_release(vertex: Vertex) -> None:
    vertex.statuses = [503, 503]
    reply = carrier_to(vertex, RELEASE).carry(version())
    assert json.loads(b"".join(reply.chunks()))["release"] == RELEASE
    assert len(vertex.asked) == 3
    vertex.statuses = [503] * 9
    with pytest.raises(CarrierError, match="Vertex AI says 503"):
        carrier_to(vertex).carry(version())


def test_a_token_that_is_refused_is_renewed_once(vertex: Vertex) -> None:
    vertex.statuses = [401]
    refused: list[str] = []

    def token(before: str) -> str:
        refused.append(before)
        return "google"

    PredictCarrier(lambda: vertex.address, token).carry(version()).close()
    assert refused == ["", "google"]
    vertex.statuses = [401] * 9
    with pytest.raises(CarrierError, match="Vertex AI says 401"):
        PredictCarrier(lambda: vertex.address, token).carry(version())
    assert len(vertex.statuses) == 7


def test_google_s_own_refusal_is_told_as_such(vertex: Vertex) -> None:
    vertex.statuses = [403]
    with pytest.raises(CarrierError, match="Vertex AI says 403"):
        carrier_to(vertex).carry(version())
