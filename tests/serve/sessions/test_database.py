"""Replicas with one PostgreSQL: made together, lost together, and back by themselves."""

import json
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.serve import served
from tests.serve.conftest import Start
from tests.serve.postgres_server import PASSWORD, PostgresServer
from tests.serve.served import KEY
from tests.serve.test_start import started
from tests.waiting import eventually


def test_replicas_that_start_at_once_make_the_tables_once(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    database = {"LLMOPS_DATABASE_URL": postgres.new_database()}
    with ExitStack() as stack:
        replicas = [
            stack.enter_context(served.running(tmp_path / str(number), database))
            for number in range(3)
        ]
        session = replicas[0].new_session()
        for number, replica in enumerate(replicas):
            assert replica.say(session, f"message {number}").status_code == 200
        assert len(replicas[0].get(f"/sessions/{session}").json()["messages"]) == 6
    said = postgres.psql(database["LLMOPS_DATABASE_URL"], "SELECT version FROM llmops_schema")
    assert said == "1"


def test_tables_of_a_newer_release_are_not_touched(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.new_database()
    postgres.psql(url, "CREATE TABLE llmops_schema (version integer)")
    postgres.psql(url, "INSERT INTO llmops_schema VALUES (2)")
    done = started(tmp_path, LLMOPS_API_KEY=KEY, LLMOPS_DATABASE_URL=url)
    assert done.returncode == 1
    assert errors(done)[0].startswith("LLMOPS_DATABASE_URL: the database has version 2")
    assert postgres.psql(url, "SELECT to_regclass('llmops_sessions') IS NULL") == "t"


def test_a_database_that_is_lost_is_missed_and_found_again(
    postgres: PostgresServer, start: Start
) -> None:
    api = start(LLMOPS_DATABASE_URL=postgres.new_database())
    session = api.new_session()
    api.say(session, "My name is Ada.")
    assert api.get("/health/ready").status_code == 200
    postgres.stop()
    try:
        for answer in (api.post("/sessions"), api.say(session, "Hello"), api.get("/sessions")):
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["detail"] == "The sessions cannot be reached now"
            assert answer.json()["incident_id"]
        ready = api.get("/health/ready")
        assert ready.status_code == 503
        assert ready.json()["checks"]["store"]["healthy"] is False
        assert api.get("/health").status_code == 200
        assert api.chat("Hello").status_code == 200
    finally:
        postgres.start()
    assert eventually(lambda: api.get("/health/ready").status_code == 200)
    assert "Ada" in api.say(session, "What is my name?").json()["assistant"]["answer"]
    assert api.stop() == 0
    logged = api.output.read_text()
    assert PASSWORD not in logged
    assert "Traceback" not in logged


@pytest.mark.parametrize("fault", ["port", "password", "database", "host"])
def test_a_database_that_cannot_be_used_ends_the_start_with_one_line(
    postgres: PostgresServer, tmp_path: Path, fault: str
) -> None:
    url = {
        "port": "postgresql://me:hunter2@127.0.0.1:1/sessions",
        "password": postgres.address("postgres", "hunter2"),
        "database": postgres.address("none"),
        "host": "postgresql://me:hunter2@no-such-host.invalid/sessions",
    }[fault]
    file = tmp_path / "url"
    file.write_text(url)
    done = started(tmp_path, LLMOPS_API_KEY=KEY, LLMOPS_DATABASE_URL_FILE=str(file))
    assert done.returncode == 1
    told, *more = errors(done)
    assert told.startswith("LLMOPS_DATABASE_URL_FILE: the database cannot be used (")
    assert more == ["Application startup failed. Exiting."]
    for secret in ("hunter2", PASSWORD, "Traceback"):
        assert secret not in done.stdout + done.stderr


def errors(done: "subprocess.CompletedProcess[str]") -> list[str]:
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return [line["message"] for line in lines if line["level"] == "ERROR"]
