"""Routes of a project stand beside ours: the same gate, envelope, errors and description."""

from pathlib import Path

import httpx2
import pytest

from llmops_cli.serve.extending import current_caller, current_request_id
from tests.serve.conftest import Start
from tests.serve.served import KEY, RELEASE, Served
from tests.serve.test_start import refused

ROUTES = """
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel

from llmops_cli.serve.extending import current_caller, current_request_id

router = APIRouter(prefix="/mine", tags=["mine"])


class Prompt(BaseModel):
    text: str


@router.get("/caller")
async def caller() -> dict[str, str]:
    return {"name": current_caller().name, "tenant": current_caller().tenant}


@router.get("/thread/{name}")
def thread(name: str) -> str:
    return f"{name} {current_caller().tenant} {current_request_id()}"


@router.post("/prompt")
def prompt(given: Prompt) -> Prompt:
    return given


@router.get("/refused")
def refuse() -> None:
    raise HTTPException(418, "I refuse")


@router.get("/broken")
def broken() -> None:
    raise ValueError("private words")
"""


@pytest.fixture
def api(start: Start, tmp_path: Path) -> Served:
    (tmp_path / "my_routes.py").write_text(ROUTES)
    return start(LLMOPS_ROUTERS="my_routes:router")


def test_a_route_is_closed_and_knows_who_calls(api: Served) -> None:
    assert httpx2.get(f"{api.address}/mine/caller").status_code == 401
    answer = api.get("/mine/caller")
    assert answer.json()["tenant"] == "default"
    assert answer.headers["x-release"] == RELEASE


def test_a_route_that_runs_in_a_thread_knows_it_too(api: Served) -> None:
    answer = api.get("/mine/thread/robin", headers={"X-Request-ID": "mine-1"})
    assert answer.json() == "robin default mine-1"


def test_its_errors_are_in_our_shape_and_in_the_log(api: Served) -> None:
    refused = api.get("/mine/refused")
    assert (refused.status_code, refused.json()) == (418, {"detail": "I refuse"})
    assert api.post("/mine/prompt", {}).status_code == 422
    broken = api.get("/mine/broken")
    assert broken.status_code == 500
    assert "private" not in broken.text
    incidents = [line.get("incident_id") for line in api.log()]
    assert broken.json()["incident_id"] in incidents


def test_the_log_has_its_template_and_the_api_is_as_it_was(api: Served) -> None:
    api.get("/mine/thread/robin")
    assert api.chat("Hello").status_code == 200
    assert "/mine/thread/{name}" in [line.get("path") for line in api.log()]


def test_it_describes_itself_even_where_its_names_are_ours(api: Served) -> None:
    document = api.get("/openapi.json").json()
    described = document["paths"]["/mine/prompt"]["post"]
    body = described["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/OwnPrompt"}
    assert set(document["components"]["schemas"]["OwnPrompt"]["properties"]) == {"text"}
    assert "prompt" in document["components"]["schemas"]["Prompt"]["properties"]
    assert described["tags"] == ["mine"]
    assert {"200", "401", "413", "422", "429", "500"} <= set(described["responses"])
    assert described["security"] == [{"bearer": []}, {"apiKey": []}]


@pytest.mark.parametrize(
    "path",
    [
        "/health",
        "/auth/login",
        "/v1/chat/completions",
        "/v1/models/mine",
        "/sessions/{name}",
        "/sessions/{number:int}/message",
        "/playground/main.js",
        "/{anything:path}",
        "/{one}",
    ],
)
def test_a_path_that_is_taken_is_refused_in_one_line(tmp_path: Path, path: str) -> None:
    (tmp_path / "my_routes.py").write_text(
        "from fastapi import APIRouter\n"
        "router = APIRouter()\n"
        f"router.add_api_route({path!r}, lambda: None, methods=['POST'])\n"
    )
    assert refused(tmp_path, LLMOPS_ROUTERS="my_routes:router", LLMOPS_API_KEY=KEY) == (
        f"LLMOPS_ROUTERS: my_routes:router has the path {path}, which the API has already\n"
    )


def test_two_routers_may_not_have_one_path(tmp_path: Path) -> None:
    (tmp_path / "my_routes.py").write_text(ROUTES + "\nother = router\n")
    routers = "my_routes:router, my_routes:other"
    said = refused(tmp_path, LLMOPS_ROUTERS=routers, LLMOPS_API_KEY=KEY)
    assert "my_routes:other has the path /mine/caller" in said


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("my_routes:router", "import no_such", "cannot be imported (No module named 'no_such')"),
        ("my_routes:router", "def :", "cannot be imported (invalid syntax"),
        ("my_routes:router", "", "my_routes has no router 'router'"),
        ("my_routes:router", "router = 7", "my_routes has no router of FastAPI 'router'"),
        ("my_routes", "", "must be a list of package.module:attribute"),
    ],
)
def test_a_router_that_is_not_there_is_told_in_one_line(
    tmp_path: Path, name: str, code: str, reason: str
) -> None:
    (tmp_path / "my_routes.py").write_text(code)
    said = refused(tmp_path, LLMOPS_ROUTERS=name, LLMOPS_API_KEY=KEY)
    assert said.startswith("LLMOPS_ROUTERS: ")
    assert reason in said
    assert said.count("\n") == 1


def test_routers_and_an_application_exclude_each_other(tmp_path: Path) -> None:
    variables = {"LLMOPS_ROUTERS": "a:b", "LLMOPS_APP": "c:d", "LLMOPS_API_KEY": KEY}
    assert refused(tmp_path, **variables) == (
        "LLMOPS_ROUTERS: goes with the embedded API, not with LLMOPS_APP\n"
    )


@pytest.mark.parametrize("ask", [current_caller, current_request_id])
def test_outside_of_a_request_nobody_calls(ask: object) -> None:
    with pytest.raises(RuntimeError, match="no request"):
        ask()  # type: ignore[operator]
