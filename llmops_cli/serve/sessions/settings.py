"""The settings of the sessions: where and how long they are kept, and what a model gets."""

import os
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from llmops_cli.serve.environment import Environment
from llmops_cli.serve.sessions.window import Window

#: Holds the address of the database, unless LLMOPS_DATABASE_SECRET names another variable.
DATABASE_URL = "LLMOPS_DATABASE_URL"

_MOST_TOKENS = 1_000_000


@dataclass(frozen=True)
class Database:
    """A PostgreSQL database. ``variable`` is where its address came from, for messages."""

    url: str = field(repr=False)
    variable: str


@dataclass(frozen=True)
class SessionSettings:
    """Everything that the sessions are told. ``max_tokens`` limits what a model answers; 0 leaves
    that to the model. A session without a message for ``days`` days is removed; 0 keeps it.

    Without a ``database``, the sessions are in a SQLite file in ``data_dir``.
    """

    window: Window
    max_tokens: int
    days: int
    data_dir: Path
    database: Database | None


def read(environment: Environment) -> SessionSettings:
    """Read LLMOPS_HISTORY_*, LLMOPS_SESSION_*, LLMOPS_DATA_DIR and LLMOPS_DATABASE_*."""
    return SessionSettings(
        window=Window(
            environment.integer("LLMOPS_HISTORY_ROWS", 20, lowest=1, highest=1000),
            environment.integer("LLMOPS_HISTORY_TOKENS", 0, lowest=0, highest=_MOST_TOKENS * 10),
        ),
        max_tokens=environment.integer(
            "LLMOPS_SESSION_MAX_TOKENS", 0, lowest=0, highest=_MOST_TOKENS
        ),
        days=environment.integer("LLMOPS_SESSION_DAYS", 30, lowest=0, highest=36_500),
        data_dir=_data_dir(environment),
        database=_database(environment),
    )


def _data_dir(environment: Environment) -> Path:
    folder = Path(environment.text("LLMOPS_DATA_DIR", "data"))
    nearest = next((path for path in (folder, *folder.absolute().parents) if path.exists()), folder)
    if not nearest.is_dir():
        environment.refuse("LLMOPS_DATA_DIR", "must be a folder")
    elif not os.access(nearest, os.W_OK | os.X_OK):
        environment.refuse("LLMOPS_DATA_DIR", "names a folder that this user cannot write")
    return folder


def _database(environment: Environment) -> Database | None:
    """Read the address, which holds a password: from ``<name>_FILE`` first, as every secret."""
    already = len(environment.problems)
    name = environment.matching(
        "LLMOPS_DATABASE_SECRET",
        DATABASE_URL,
        pattern=r"[A-Z][A-Z0-9_]{0,127}",
        rule="must be the name of a variable",
    )
    from_file = f"{name}_FILE"
    variable = from_file if environment.text(from_file) else name
    url = environment.file_text(variable) if variable == from_file else environment.text(name)
    is_wanted = name != DATABASE_URL or variable == from_file
    if len(environment.problems) > already or not (url.strip() or is_wanted):
        return None
    if not url.strip():
        environment.refuse(variable, f"is missing or empty; set {name} or {from_file}")
    elif not _is_address(url.strip()):
        environment.refuse(variable, "must be postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    elif not _has_driver():
        extra = "pip install 'llmops-cli[postgres]'"
        environment.refuse(variable, f"needs the postgres extra: {extra}")
    return Database(url.strip(), variable)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_whole = bool(parts.netloc or "host=" in parts.query) and len(parts.path) > 1
    return parts.scheme in ("postgresql", "postgres") and is_whole and not set(url) & set(" \r\n\t")


def _has_driver() -> bool:
    try:
        return find_spec("asyncpg") is not None
    except ValueError:
        # What a module that is blocked in sys.modules gets.
        return False
