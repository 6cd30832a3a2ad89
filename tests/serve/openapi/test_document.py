"""The published document tells every route that is served, and nothing else."""

from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI

from llmops_cli.serve.app import create_app
from llmops_cli.serve.openapi.document import operations_of
from llmops_cli.serve.openapi.parts import assembled, operations
from llmops_cli.serve.playground import routes as playground
from llmops_cli.serve.settings import load
from tests.serve.access import logins
from tests.serve.conftest import Start
from tests.serve.served import KEY, RELEASE, Served

#: Variables that switch on every route there is. A feature that adds routes adds its own here.
EVERYTHING_ON: dict[str, str] = {**logins.VARIABLES}

#: Files of a page, which are no API.
NOT_API = {(path, "GET") for path in playground.OPEN_PATHS}

HOW = (
    "Describe the route in a file of llmops_cli/serve/openapi/parts/ (see parts.py), or include "
    "it as a typed route of FastAPI, which describes itself."
)


def served_operations(folder: Path) -> set[tuple[str, str]]:
    variables = {"LLMOPS_API_KEY": KEY, "LLMOPS_DATA_DIR": str(folder), **EVERYTHING_ON}
    app: Any = create_app(load(variables))
    while not isinstance(app, FastAPI):
        app = vars(app).get("_app") or app.app
    return operations_of(app.router.routes) - NOT_API


def documented_operations() -> set[tuple[str, str]]:
    return {(path, method) for path, method, _ in operations(assembled())}


def test_every_route_is_described(tmp_path: Path) -> None:
    assert served_operations(tmp_path) - documented_operations() == set(), HOW


def test_every_description_is_of_a_route(tmp_path: Path) -> None:
    assert documented_operations() - served_operations(tmp_path) == set(), (
        "Switch the feature on in EVERYTHING_ON, or remove the description."
    )


def test_every_operation_has_a_summary_and_a_name_of_its_own() -> None:
    described = [operation for _, _, operation in operations(assembled())]
    names = [operation["operationId"] for operation in described]
    assert len(set(names)) == len(names)
    assert all(operation["summary"] for operation in described)


def test_it_needs_a_key(demo: Served) -> None:
    assert httpx2.get(f"{demo.address}/openapi.json").status_code == 401
    assert demo.get("/openapi.json").headers["content-type"] == "application/json"


def test_it_names_the_release_and_both_ways_to_send_a_key(demo: Served) -> None:
    document = demo.get("/openapi.json").json()
    assert document["info"]["version"] == RELEASE
    chat = document["paths"]["/v1/chat/completions"]["post"]
    assert chat["security"] == [{"bearer": []}, {"apiKey": []}]
    assert set(document["components"]["securitySchemes"]) == {"bearer", "apiKey"}
    assert document["paths"]["/health"]["get"]["security"] == []


def test_every_answer_of_a_closed_route_is_described_with_its_headers(demo: Served) -> None:
    paths = demo.get("/openapi.json").json()["paths"]
    chat = paths["/v1/chat/completions"]["post"]["responses"]
    expected = ["200", "400", "401", "404", "413", "422", "429", "4XX", "500", "502", "503", "504"]
    assert sorted(chat) == expected
    assert all({"X-Request-ID", "X-Release"} <= set(chat[status]["headers"]) for status in chat)
    assert "Retry-After" in chat["429"]["headers"]
    assert set(chat["200"]["content"]) == {"application/json", "text/event-stream"}


def test_without_keys_no_route_asks_for_one(start: Start) -> None:
    document = start(LLMOPS_AUTH="none").get("/openapi.json").json()
    assert all(operation["security"] == [] for _, _, operation in operations(document))
    assert all("401" not in operation["responses"] for _, _, operation in operations(document))


def test_a_path_allows_the_methods_of_all_its_routes(demo: Served) -> None:
    answer = demo.client.request("PATCH", "/sessions/x")
    assert answer.status_code == 405
    assert {"GET", "DELETE"} <= set(answer.headers["allow"].split(", "))
    assert demo.client.request("PATCH", "/v1/models/m").headers["allow"] == "GET, HEAD"
