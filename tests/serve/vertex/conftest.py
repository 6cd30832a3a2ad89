"""An API that is told to listen and to answer as a custom container of Vertex AI."""

import base64
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from tests.serve import served
from tests.serve.conftest import in_front_of
from tests.serve.scripted_upstream import ScriptedUpstream
from tests.serve.served import KEY, RELEASE, Served

PREDICT = "/v1/endpoints/e/deployedModels/d:predict"
VARIABLES = {
    "AIP_HTTP_PORT": "8080",
    "AIP_HEALTH_ROUTE": "/v1/endpoints/e/deployedModels/d",
    "AIP_PREDICT_ROUTE": PREDICT,
}


@dataclass(frozen=True)
class Inner:
    """What a route answered within the answer to a wrapped request."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Container:
    """The API, as Vertex AI sees it: no credential is presented."""

    api: Served
    platform: httpx2.Client

    def predict(self, body: Any) -> httpx2.Response:
        return self.platform.post(PREDICT, json=body)

    def wrapped(self, method: str, path: str, *, key: str = KEY, **fields: Any) -> Inner:
        answer = self.predict({"llmops_request": request(method, path, key=key, **fields)})
        assert answer.status_code == 200, answer.text
        head, _, body = answer.content.partition(b"\n")
        document = json.loads(head)
        return Inner(document["status"], dict(document["headers"]), body)


def request(method: str, path: str, *, key: str = KEY, **fields: Any) -> dict[str, Any]:
    """Return a wrapped request, with a body of JSON where there is one."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    made = {"method": method, "path": path, "release": RELEASE, "headers": headers}
    if "body" in fields:
        packed = zlib.compress(json.dumps(fields.pop("body")).encode())
        made["body"] = base64.b64encode(packed).decode()
    return {**made, **fields}


@pytest.fixture(scope="session")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """An API with the built-in model, on Vertex AI."""
    with (
        served.running(tmp_path_factory.mktemp("vertex"), VARIABLES) as api,
        httpx2.Client(base_url=api.address, timeout=served.SECONDS) as platform,
    ):
        yield Container(api, platform)


@pytest.fixture
def in_front(upstream: ScriptedUpstream, start: Any) -> Iterator[Container]:
    """An API on Vertex AI whose model is a scripted upstream."""
    api = start(**in_front_of(upstream.base_url), **VARIABLES)
    with httpx2.Client(base_url=api.address, timeout=served.SECONDS) as platform:
        yield Container(api, platform)
