"""Each place where sessions can be kept: a SQLite file, and a database of a real PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve import postgres_server
from tests.serve.postgres_server import PostgresServer

#: The variables of an API, or of several that share their sessions.
Keeping = dict[str, str]


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the whole session of tests; each test takes a database of its own."""
    pytest.importorskip("asyncpg", reason="the postgres extra is not installed")
    if postgres_server.programs() is None:
        pytest.skip("needs a PostgreSQL server: initdb and postgres")
    with postgres_server.running() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def keeping(request: pytest.FixtureRequest, tmp_path: Path) -> Keeping:
    """An empty store."""
    folder = {"LLMOPS_DATA_DIR": str(tmp_path / "shared")}
    if request.param == "sqlite":
        return folder
    server: PostgresServer = request.getfixturevalue("postgres")
    return {**folder, "LLMOPS_DATABASE_URL": server.new_database()}
