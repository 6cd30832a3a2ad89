"""A commit becomes a running, verified release, or nothing changes."""

import os
from pathlib import Path

import httpx2
import pytest

from tests.poller import polled
from tests.project import API_KEY, Project, make_project

#: An ASGI application with our routes' shapes, to be broken in one way by each test.
OWN_APP = """
import json, os

READY = 200
MODELS = 404
RELEASE = os.environ["LLMOPS_RELEASE"]

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    status, body = 404, {"detail": "Not Found"}
    if scope["path"] in ("/health", "/health/live"):
        status, body = 200, {"status": "ok"}
    if scope["path"] == "/health/ready":
        status, body = READY, {"status": "healthy" if READY == 200 else "degraded"}
    if scope["path"] == "/v1/models":
        status, body = MODELS, {"object": "list", "data": []}
    if scope["path"] == "/version":
        status, body = 200, {"release": RELEASE}
    content = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
"""

BREAKAGES = {
    "crashes at start": ("raise SystemExit(3)", "ended with status 3"),
    "fails to import": ("import there_is_no_such_module", "there_is_no_such_module"),
    "never becomes ready": ("READY = 503", "Not ready after 2 s"),
    "answers with another id": ('RELEASE = "somebody-else"', "somebody-else"),
    "does not pass its checks": ("MODELS = 200", "chat"),
}


def break_app(project: Project, breakage: str) -> None:
    """Commit an application of the project's own that is broken in one way."""
    project.write("own.py", f"{OWN_APP}\n{breakage}\n")
    text = (project.root / "llmops.toml").read_text()
    project.write("llmops.toml", text.replace("[api]", '[api]\napp = "own:app"'))
    project.commit("Break it")


def test_a_commit_becomes_the_release_that_the_public_address_answers_with(
    project: Project,
) -> None:
    release = project.git("rev-parse", "HEAD")[:12]
    run = project.ok("--json", "deploy")
    assert run.document["release"]["id"] == release
    assert run.document["changed"] is True
    assert run.document["address"] == project.url
    assert all(check["verdict"] != "failed" for check in run.document["checks"])
    assert project.serving() == release
    status = project.ok("--json", "status").document
    assert (status["live"]["id"], status["answers"], status["trouble"]) == (release, release, "")
    assert [event["action"] for event in status["events"]] == ["deploy"]


def test_the_release_talks_to_who_has_the_key_and_to_nobody_else(project: Project) -> None:
    project.ok("deploy")
    question = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}]}
    url = f"{project.url}/v1/chat/completions"
    assert httpx2.post(url, json=question).status_code == 401
    headers = {"authorization": f"Bearer {API_KEY}"}
    answer = httpx2.post(url, json=question, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["choices"][0]["message"]["content"]


def test_deploying_what_is_live_says_so_and_does_nothing(project: Project) -> None:
    project.ok("deploy")
    before = project.processes()
    run = project.ok("deploy")
    assert "live already" in run.out
    assert project.processes() == before
    assert project.ok("--json", "plan").document["changes"] is False
    assert project.llmops("plan", "--detailed-exitcode").status == 0


def test_a_plan_changes_nothing_and_names_the_steps_that_a_deploy_takes(project: Project) -> None:
    planned = project.ok("--json", "plan").document["steps"]
    assert not (project.state / "releases").exists()
    assert project.llmops("plan", "--detailed-exitcode").status == 12
    assert project.ok("--json", "deploy", "--dry-run").document["steps"][0] == planned[0]
    told = project.ok("deploy").err
    for step in planned:
        assert step["title"] in told


def test_uncommitted_changes_are_refused_and_nothing_is_touched(project: Project) -> None:
    project.write("prompts/system.md", "Edited.\n")
    project.write("new.txt", "new\n")
    run = project.llmops("deploy")
    assert run.status == 4
    assert "prompts/system.md" in run.err
    assert "new.txt" in run.err
    assert not project.state.joinpath("releases").exists()


def test_uncommitted_changes_that_are_allowed_show_in_the_id(project: Project) -> None:
    project.write("prompts/system.md", "Edited.\n")
    run = project.ok("--json", "deploy", "--allow-dirty")
    release = run.document["release"]
    assert release["dirty"] is True
    assert release["id"].startswith(project.git("rev-parse", "HEAD")[:12] + "-dirty-")
    assert project.serving() == release["id"]
    source = project.state / "releases" / release["id"] / "source"
    assert (source / "prompts" / "system.md").read_text() == "Edited.\n"
    assert project.git("status", "--porcelain").strip() == "M prompts/system.md"


def test_a_release_holds_the_commit_and_not_the_working_tree(project: Project) -> None:
    project.write(".gitignore", ".llmops/\nignored.txt\n")
    release = project.commit()
    project.write("ignored.txt", "not in git\n")
    project.ok("deploy")
    source = project.state / "releases" / release / "source"
    assert sorted(os.listdir(source)) == [".gitignore", "llmops.toml", "prompts"]


def test_a_project_in_a_folder_of_a_larger_repository_is_released_alone(tmp_path: Path) -> None:
    outer = make_project(tmp_path / "mono")
    inner = make_project(outer.root / "services" / "chat")
    try:
        (inner.root / ".git").rename(tmp_path / "old-git")
        release = outer.commit("Take the service in")
        outer.write("elsewhere.txt", "a change that is not the project's\n")
        inner.ok("deploy")
        assert inner.serving() == release
        source = inner.state / "releases" / release / "source"
        assert "llmops.toml" in os.listdir(source)
        assert "services" not in os.listdir(source)
    finally:
        inner.close()


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_release_that_is_sick_is_undone_and_the_old_one_never_stops_answering(
    tmp_path: Path, breakage: str
) -> None:
    project = make_project(tmp_path / "chat", target="ready_seconds = 2")
    try:
        project.ok("deploy")
        old, before = project.serving(), project.processes()
        code, evidence = BREAKAGES[breakage]
        break_app(project, code)
        with polled(project.url) as answers:
            run = project.llmops("--json", "deploy")
        assert run.status == 8, run.said
        error = run.document["error"]
        assert evidence in error["evidence"], error
        assert f"{old} is serving at {project.url}, as before" in error["state"]
        assert answers.faults == []
        assert answers.distinct == [old]
        assert answers.count > 20
        assert project.processes() == before
        assert os.listdir(project.state / "releases") == [old]
    finally:
        project.close()


def test_a_failed_evaluation_keeps_the_release_out_of_service(project: Project) -> None:
    project.ok("deploy")
    old = project.serving()
    project.write(
        "evals/never.toml", '[[prompt]]\nname = "never"\nprompt = "Hi"\ncontains = "zebra-42"\n'
    )
    project.commit("Expect too much")
    run = project.llmops("deploy")
    assert run.status == 8
    assert "eval-never" in run.err
    assert project.serving() == old


def test_a_first_deploy_that_fails_leaves_nothing_running(tmp_path: Path) -> None:
    project = make_project(tmp_path / "chat", target="ready_seconds = 2")
    try:
        break_app(project, "raise SystemExit(3)")
        run = project.llmops("--json", "deploy")
        assert run.status == 8
        assert "nothing is now" in run.document["error"]["state"]
        assert project.processes() == {}
        assert os.listdir(project.state / "releases") == []
    finally:
        project.close()


def test_a_missing_secret_stops_a_deploy_before_anything_is_touched(project: Project) -> None:
    (project.state / "secrets" / "LLMOPS_API_KEY" / "1").unlink()
    run = project.llmops("--json", "deploy")
    assert run.status == 4
    error = run.document["error"]
    assert "The secret LLMOPS_API_KEY has no value" in error["evidence"]
    assert error["next"] == "llmops secrets set LLMOPS_API_KEY -t local --generate"
    project.ok("secrets", "set", "LLMOPS_API_KEY", "--generate")
    project.ok("deploy")


def test_another_value_of_a_secret_makes_another_release_of_the_same_commit(
    project: Project,
) -> None:
    project.ok("deploy")
    first = project.serving()
    rotated = "rotated-key-for-tests-0123456789"
    project.ok("secrets", "set", "LLMOPS_API_KEY", input=rotated)
    project.ok("deploy")
    assert project.serving() == f"{first}.2"
    models = f"{project.url}/v1/models"
    assert httpx2.get(models, headers={"x-api-key": rotated}).status_code == 200
    assert httpx2.get(models, headers={"x-api-key": API_KEY}).status_code == 401
    project.ok("rollback")
    assert project.serving() == first
    assert httpx2.get(models, headers={"x-api-key": API_KEY}).status_code == 200


def test_a_new_port_is_served_and_going_back_serves_the_old_one(project: Project) -> None:
    project.ok("deploy")
    first = project.serving()
    text = (project.root / "llmops.toml").read_text()
    moved = make_project(project.root.parent / "unused").port
    project.write("llmops.toml", text.replace(str(project.port), str(moved)))
    second = project.commit("Move")
    run = project.ok("--json", "deploy")
    assert run.document["address"] == f"http://127.0.0.1:{moved}"
    assert httpx2.get(f"http://127.0.0.1:{moved}/version").json()["release"] == second
    project.ok("rollback")
    assert project.serving() == first
    status = project.ok("--json", "status").document
    assert (status["address"], status["answers"]) == (project.url, first)
