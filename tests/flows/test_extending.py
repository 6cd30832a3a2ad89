"""Deploys of what a project puts into the API, or in its place."""

import shutil
from pathlib import Path

import httpx2
import pytest

from tests.project import API_KEY, Project

EXAMPLE = Path(__file__).parents[2] / "examples" / "own-routes"

OWN = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    status = 200 if scope["path"] in PATHS else 404
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})
"""


def with_api(project: Project, lines: str) -> None:
    text = (project.root / "llmops.toml").read_text()
    text = text.replace("[api]", f"[api]\n{lines}")
    text = text.replace("[targets.local]", "[targets.local]\nready_seconds = 5")
    project.write("llmops.toml", text)


def test_the_example_with_routes_of_its_own_is_deployed(project: Project) -> None:
    for name in ("redaction.py", "evals", "prompts"):
        source = EXAMPLE / name
        if source.is_dir():
            shutil.copytree(source, project.root / name, dirs_exist_ok=True)
        else:
            shutil.copy(source, project.root)
    with_api(project, 'routers = ["redaction:router"]')
    project.commit("Redact")
    project.ok("deploy")
    answer = httpx2.post(
        f"{project.url}/redact",
        json={"text": "Write to robin@example.com"},
        headers={"Authorization": f"Bearer {API_KEY}"},
    )
    assert answer.json() == {"text": "Write to [address]", "found": 1, "tenant": "default"}
    assert httpx2.post(f"{project.url}/redact", json={"text": ""}).status_code == 401


def test_a_router_that_cannot_be_imported_keeps_a_release_from_going_live(
    project: Project,
) -> None:
    with_api(project, 'routers = ["redaction:router"]')
    project.write("redaction.py", "import no_such_package\n")
    project.commit("Redact")
    run = project.llmops("deploy")
    assert run.status != 0
    assert "LLMOPS_ROUTERS: redaction:router cannot be imported" in run.said
    assert "no_such_package" in run.said


def own_application(project: Project, *paths: str) -> None:
    with_api(project, 'app = "own:app"')
    shutil.rmtree(project.root / "evals", ignore_errors=True)
    project.write("own.py", f"PATHS = {set(paths)!r}\n{OWN}")
    project.commit("Serve my own application")


def test_an_application_that_does_not_speak_the_dialect_is_deployed(project: Project) -> None:
    own_application(project, "/health", "/mine")
    run = project.ok("deploy", "--json")
    assert httpx2.get(f"{project.url}/mine").status_code == 200
    assert run.document
    verdicts = {
        check["name"]: check["verdict"]
        for check in project.ok("smoke-test", "--json").document["checks"]
    }
    assert (verdicts["liveness"], verdicts["release"]) == ("passed", "passed")
    assert (verdicts["chat"], verdicts["models"]) == ("skipped", "skipped")


@pytest.mark.parametrize("paths", [["/mine"], ["/health", "/v1/models"]])
def test_an_application_that_is_sick_or_speaks_half_of_it_is_not(
    project: Project, paths: list[str]
) -> None:
    own_application(project, *paths)
    assert project.llmops("deploy").status != 0
