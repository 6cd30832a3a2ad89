"""What starts, what refuses to, and what a project may put in the place of the API."""

import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.serve import served
from tests.serve.conftest import Start
from tests.serve.served import KEY, RELEASE, clean_environment

SECONDS = 30


def started(folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-m", "llmops_cli.serve"],
        cwd=folder,
        env={**clean_environment(), "PORT": "0", **variables},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def refused(folder: Path, **variables: str) -> str:
    done = started(folder, **variables)
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr


def test_without_a_key_it_does_not_start_and_says_so_in_one_line(tmp_path: Path) -> None:
    assert refused(tmp_path) == (
        "LLMOPS_API_KEY: is missing or empty; set LLMOPS_API_KEY or LLMOPS_API_KEY_FILE\n"
    )


def test_a_key_from_an_example_is_not_shown(tmp_path: Path) -> None:
    said = refused(tmp_path, LLMOPS_API_KEY="your-api-key-here")
    assert "your-api-key-here" not in said
    assert said.count("\n") == 1


def test_a_port_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    said = refused(tmp_path, LLMOPS_API_KEY=KEY, PORT="https", LLMOPS_DRAIN_SECONDS="-1")
    assert said == (
        "PORT: must be a whole number from 0 to 65535\n"
        "LLMOPS_DRAIN_SECONDS: must be a number of seconds\n"
    )


def test_a_taken_port_ends_the_start_with_one_line_and_no_traceback(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = started(tmp_path, LLMOPS_API_KEY=KEY, PORT=port)
    assert done.returncode == 1
    assert f"127.0.0.1:{port} cannot be listened on: Address already in use" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_sessions_of_a_newer_release_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data/sessions.db")) as connection:
        connection.execute("PRAGMA user_version = 2")
    with served.running(tmp_path, {}) as api:
        assert api.process.wait(SECONDS) == 1
        errors = [line["message"] for line in api.log() if line["level"] == "ERROR"]
    assert any("of a newer release" in message for message in errors)


ASGI = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/broken":
        raise ValueError("private words")
    headers = [(b"x-release", b"forged"), (b"cache-control", b"max-age=60")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"mine"})
"""


def project(folder: Path, code: str) -> None:
    (folder / "mine").mkdir()
    (folder / "mine/__init__.py").touch()
    (folder / "mine/main.py").write_text(code)


def test_a_projects_own_application_is_served_in_our_envelope(start: Start, tmp_path: Path) -> None:
    project(tmp_path, ASGI)
    answer = start(LLMOPS_APP="mine.main:app").get("/anything")
    assert answer.text == "mine"
    assert answer.headers.get_list("x-release") == [RELEASE]
    assert answer.headers["cache-control"] == "max-age=60"


def test_what_nothing_expected_is_a_500_that_tells_nothing_and_is_in_the_log(
    start: Start, tmp_path: Path
) -> None:
    project(tmp_path, ASGI)
    api = start(LLMOPS_APP="mine.main:app")
    answer = api.get("/broken")
    assert answer.status_code == 500
    assert "private" not in answer.text
    assert answer.headers["x-release"] == RELEASE
    lines = [line for line in api.log() if line.get("incident_id") == answer.json()["incident_id"]]
    assert "ValueError: private words" in lines[0]["exception"]
    assert lines[0]["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("name", "code", "reason"),
    [
        ("mine.other:app", "", "LLMOPS_APP: mine.other:app cannot be imported (No module named"),
        ("mine.main:app", "import no_such", "LLMOPS_APP: mine.main:app cannot be imported (No mod"),
        ("mine.main:app", "def :", "LLMOPS_APP: mine.main:app cannot be imported (invalid syntax"),
        ("mine.main:app", "", "LLMOPS_APP: mine.main has no application 'app'"),
        ("mine.main:app", "app = 7", "LLMOPS_APP: mine.main has no application 'app'"),
    ],
)
def test_an_application_that_is_not_there_is_told_in_one_line(
    tmp_path: Path, name: str, code: str, reason: str
) -> None:
    project(tmp_path, code)
    said = refused(tmp_path, LLMOPS_APP=name, LLMOPS_AUTH="none")
    assert said.startswith(reason)
    assert said.count("\n") == 1


def test_a_file_of_the_project_gets_in_the_way_of_no_library(start: Start, tmp_path: Path) -> None:
    project(tmp_path, f"import fastapi\n{ASGI}")
    (tmp_path / "fastapi.py").write_text("raise SystemExit('shadowed')")
    assert start(LLMOPS_APP="mine.main:app").get("/").text == "mine"


def test_an_application_that_knows_no_lifespan_is_served(tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text(
        "async def app(scope, receive, send):\n"
        "    assert scope['type'] == 'http'\n"
        "    await send({'type': 'http.response.start', 'status': 204, 'headers': []})\n"
        "    await send({'type': 'http.response.body'})\n"
    )
    with served.running(tmp_path, {"LLMOPS_APP": "plain:app"}) as api:
        assert api.get("/").status_code == 204
