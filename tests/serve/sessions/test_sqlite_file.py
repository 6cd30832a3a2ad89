"""The file of the sessions: made by many at once, shared with older releases, never rewritten."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from llmops_cli.serve.sessions import sqlite_file, sqlite_tables
from llmops_cli.serve.sessions.session import Row, SessionKey, StoreError
from llmops_cli.serve.sessions.window import estimate
from tests.serve.conftest import Start

#: A file as the first release made it, and left it behind.
OLD = (Path(__file__).with_name("version_1.sql")).read_text()
OLD_SESSION = "5f3c2c1e-7d0a-4b57-9a53-0c6f6c1e4d01"
OLD_KEY = SessionKey("default", OLD_SESSION)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The connection of an older release, which has its file open."""
    (tmp_path / "data").mkdir()
    with closing(
        sqlite3.connect(tmp_path / "data/sessions.db", isolation_level=None)
    ) as connection:
        connection.executescript(OLD)
        connection.execute("PRAGMA foreign_keys = ON")
        yield connection


def test_many_processes_may_make_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "sessions.db"
    code = (
        "import sys; from pathlib import Path\n"
        "from llmops_cli.serve.sessions import sqlite_file, sqlite_tables\n"
        "from llmops_cli.serve.sessions.session import SessionKey\n"
        "sys.stdin.read()\n"
        "c = sqlite_file.connect(Path(sys.argv[1]))\n"
        "sqlite_tables.create(c, SessionKey('a', sys.argv[2]))\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, path, str(n)], stdin=subprocess.PIPE)
        for n in range(6)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.close()
    assert [process.wait(30) for process in processes] == [0] * 6
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (6,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_only_its_owner_may_enter_the_folder(tmp_path: Path) -> None:
    sqlite_file.connect(tmp_path / "data" / "sessions.db").close()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_file_of_a_newer_release_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(StoreError, match="newer release"):
        sqlite_file.connect(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT * FROM sqlite_schema").fetchall() == []


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    path.write_bytes(b"something else" * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        sqlite_file.connect(path)


def test_sessions_of_an_older_release_go_on_and_belong_to_the_default_tenant(
    old: sqlite3.Connection, start: Start
) -> None:
    api = start()
    answer = api.say(OLD_SESSION, "What is my name?")
    assert "Ada" in answer.json()["assistant"]["answer"]
    assert len(api.get(f"/sessions/{OLD_SESSION}").json()["messages"]) == 6
    assert len(api.get("/sessions").json()["sessions"]) == 3
    assert api.say(OLD_SESSION[:-1] + "3", "Hello").status_code == 404


def test_an_older_release_goes_on_with_a_file_that_a_newer_one_has_opened(
    old: sqlite3.Connection, tmp_path: Path
) -> None:
    with closing(sqlite_file.connect(tmp_path / "data/sessions.db")) as new:
        old.execute("UPDATE sessions SET last_used = 1")
        old.execute("INSERT INTO sessions (session_id, created_at) VALUES ('s', '2026')")
        old.executemany(
            "INSERT INTO messages (session_id, role, content, created_at) VALUES (?, ?, ?, ?)",
            [(id, role, "Hello", "2026") for id in ("s", OLD_SESSION) for role in ("user", "b")],
        )
        lately = 1_700_000_000
        for session_id in ("s", OLD_SESSION):
            key = SessionKey("default", session_id)
            rows = sqlite_tables.latest(new, key, lately, 2)
            assert [row.tokens for row in rows] == [estimate("Hello")] * 2
    assert old.execute("PRAGMA user_version").fetchone() == (1,)


def test_old_sessions_do_not_expire_on_the_day_they_are_found(
    old: sqlite3.Connection, tmp_path: Path
) -> None:
    with closing(sqlite_file.connect(tmp_path / "data/sessions.db")) as new:
        assert old.execute("SELECT min(last_used) > 1700000000 FROM sessions").fetchone() == (1,)
        assert len(sqlite_tables.latest(new, OLD_KEY, 1_700_000_000, 9)) == 4


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("SELECT 1 FROM messages WHERE session_id = 'a' ORDER BY id DESC", "messages_of_session"),
        (
            "SELECT 1 FROM sessions WHERE tenant = 'a' AND (created_at, session_id) < ('b', 'c')"
            " ORDER BY created_at DESC, session_id DESC",
            "sessions_of_tenant",
        ),
        (
            "SELECT session_id FROM sessions WHERE last_used < 1 ORDER BY last_used",
            "sessions_by_last_use",
        ),
    ],
)
def test_what_is_looked_for_is_found_by_an_index(tmp_path: Path, query: str, index: str) -> None:
    with closing(sqlite_file.connect(tmp_path / "sessions.db")) as connection:
        plan = str(connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall())
    assert index in plan
    assert "TEMP B-TREE" not in plan


def test_a_sweep_of_a_long_session_goes_on_with_the_next(tmp_path: Path) -> None:
    with closing(sqlite_file.connect(tmp_path / "sessions.db")) as connection:
        key = SessionKey("default", "a")
        sqlite_tables.create(connection, key)
        for _ in range(400):
            row = Row("user", "Hello", "2026", 1)
            sqlite_tables.append(connection, key, 0, (row, row))
        ever = 2_000_000_000_000
        assert sqlite_tables.sweep(connection, ever)
        assert connection.execute("SELECT count(*) FROM messages").fetchone() == (300,)
        assert not sqlite_tables.sweep(connection, ever)
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (0,)
