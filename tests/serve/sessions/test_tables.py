"""The file of the sessions: made by many at once, refused when it is newer, never rewritten."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from llmops_cli.serve.sessions import tables
from llmops_cli.serve.sessions.tables import Row, SessionNotFoundError, StoreError

ROWS = (Row("user", "Hello", "2026-01-01T00:00:00.000Z"), Row("assistant", "Hi", "2026"))


def test_many_processes_may_make_the_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "sessions.db"
    code = (
        "import sys; from pathlib import Path; from llmops_cli.serve.sessions import tables\n"
        "sys.stdin.read()\n"
        "c = tables.connect(Path(sys.argv[1])); tables.create(c, sys.argv[2])\n"
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
    tables.connect(tmp_path / "data" / "sessions.db").close()
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_a_file_of_a_newer_release_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(StoreError, match="newer release"):
        tables.connect(path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    path.write_bytes(b"something else" * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        tables.connect(path)


def test_rows_are_kept_in_the_order_of_their_turns(tmp_path: Path) -> None:
    with closing(tables.connect(tmp_path / "sessions.db")) as connection:
        tables.create(connection, "a")
        tables.append(connection, "a", ROWS)
        tables.append(connection, "a", ROWS)
        assert tables.read(connection, "a").rows == ROWS + ROWS
        assert tables.latest(connection, "a", 3) == [ROWS[1], *ROWS]


def test_nothing_is_added_to_a_session_that_has_ended(tmp_path: Path) -> None:
    with closing(tables.connect(tmp_path / "sessions.db")) as connection:
        tables.create(connection, "a")
        tables.end(connection, "a")
        with pytest.raises(SessionNotFoundError):
            tables.append(connection, "a", ROWS)
        assert tables.read(connection, "a").rows == ()
        tables.refuse_unwritable(connection)


def test_the_history_is_found_by_its_index(tmp_path: Path) -> None:
    with closing(tables.connect(tmp_path / "sessions.db")) as connection:
        query = "EXPLAIN QUERY PLAN SELECT 1 FROM messages WHERE session_id = 'a' ORDER BY id DESC"
        plan = str(connection.execute(query).fetchall())
    assert "messages_of_session" in plan
    assert "TEMP B-TREE" not in plan
