"""The address of a database is a secret: it is read like one, refused when wrong, never shown."""

import sys
from pathlib import Path

import pytest

from llmops_cli.serve.environment import Environment
from llmops_cli.serve.sessions.settings import SessionSettings, read
from llmops_cli.serve.sessions.window import Window

URL = "postgresql://me:hunter2@db.example:5432/sessions"


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for the extra, which reading the settings does not load."""
    pytest.importorskip("asyncpg", reason="the postgres extra is not installed")


def settings(**variables: str) -> SessionSettings:
    environment = Environment(variables)
    found = read(environment)
    assert environment.problems == []
    return found


def problem(**variables: str) -> str:
    environment = Environment(variables)
    read(environment)
    assert len(environment.problems) == 1
    return environment.problems[0]


def test_without_any_variable_sessions_are_in_a_file_for_a_month() -> None:
    found = settings()
    assert (found.window, found.max_tokens, found.days) == (Window(20, 0), 0, 30)
    assert (found.data_dir, found.database) == (Path("data"), None)


@pytest.mark.usefixtures("driver")
def test_the_address_comes_from_a_variable_a_file_or_the_secret_of_the_project(
    tmp_path: Path,
) -> None:
    file = tmp_path / "url"
    file.write_text(f"{URL}\n")
    sources = [
        ({"LLMOPS_DATABASE_URL": URL}, "LLMOPS_DATABASE_URL"),
        ({"LLMOPS_DATABASE_URL_FILE": str(file)}, "LLMOPS_DATABASE_URL_FILE"),
        ({"LLMOPS_DATABASE_SECRET": "DB", "DB": URL}, "DB"),
        ({"LLMOPS_DATABASE_SECRET": "DB", "DB": "x", "DB_FILE": str(file)}, "DB_FILE"),
    ]
    for variables, source in sources:
        database = settings(**variables).database
        assert database is not None
        assert (database.url, database.variable) == (URL, source)
        assert "hunter2" not in repr(settings(**variables))


@pytest.mark.parametrize(
    "url",
    [
        "hunter2",
        "mysql://me:hunter2@db/sessions",
        "postgresql://",
        "postgresql://me:hunter2@db",
        "postgresql://me:hunter2@db/",
        "postgresql://me:hunter2@[db/sessions",
        "postgresql://me:hunter2@db/sess ions",
        "postgresql+asyncpg://me:hunter2@db/sessions",
    ],
)
def test_what_is_no_address_is_refused_and_not_shown(url: str) -> None:
    line = problem(LLMOPS_DATABASE_URL=url)
    rule = "must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    assert line == f"LLMOPS_DATABASE_URL: {rule}"


def test_a_secret_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = problem(LLMOPS_DATABASE_SECRET="DB")
    assert missing == "DB: is missing or empty; set DB or DB_FILE"
    unreadable = problem(LLMOPS_DATABASE_URL_FILE=str(tmp_path / "none"))
    assert unreadable.startswith("LLMOPS_DATABASE_URL_FILE: names a file that cannot be read")
    (tmp_path / "empty").write_text("\n")
    empty = problem(LLMOPS_DATABASE_URL_FILE=str(tmp_path / "empty"))
    assert empty.startswith("LLMOPS_DATABASE_URL_FILE: is missing or empty")


def test_an_address_in_the_place_of_a_name_is_not_shown() -> None:
    assert problem(LLMOPS_DATABASE_SECRET=URL) == (
        "LLMOPS_DATABASE_SECRET: must be the name of a variable"
    )


def test_a_missing_driver_names_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    assert problem(LLMOPS_DATABASE_URL=URL) == (
        "LLMOPS_DATABASE_URL: needs the postgres extra: pip install 'llmops-cli[postgres]'"
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LLMOPS_HISTORY_ROWS", "1001"),
        ("LLMOPS_HISTORY_TOKENS", "-1"),
        ("LLMOPS_HISTORY_TOKENS", "many"),
        ("LLMOPS_SESSION_MAX_TOKENS", "1.5"),
        ("LLMOPS_SESSION_DAYS", "-1"),
        ("LLMOPS_SESSION_DAYS", "36501"),
    ],
)
def test_a_number_out_of_range_is_one_line(name: str, value: str) -> None:
    assert problem(**{name: value}).startswith(f"{name}: must be a whole number")
