"""A real PostgreSQL server in a folder of its own, which a test may stop and start again."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.project import free_port

#: Debian keeps the programs of a server out of PATH, one folder for each version.
_DEBIAN = Path("/usr/lib/postgresql")
PASSWORD = "db-password-8d1c2f"
SECONDS = 60


def programs() -> Path | None:
    """Return the folder with initdb and postgres, if this machine can run a server."""
    folders = sorted(_DEBIAN.glob("*/bin"), key=lambda folder: int(folder.parent.name))
    on_path = shutil.which("initdb")
    found = folders[-1] if folders else Path(on_path).resolve().parent if on_path else None
    can_run = os.geteuid() != 0 or (shutil.which("setpriv") and _user() is not None)
    return found if can_run else None


def _user() -> pwd.struct_passwd | None:
    """Return who the server runs as where the tests are run by root, whom it refuses."""
    return next((user for user in pwd.getpwall() if user.pw_name in ("postgres", "nobody")), None)


@dataclass
class PostgresServer:
    """A server on a port of the loopback address, with one database for each test."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None
    databases: int = 0

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        self.process = subprocess.Popen(
            _as_user("postgres", "-D", str(self.folder), "-p", str(self.port)),
            cwd=self.folder.parent,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        waiting = ("pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port))
        for _ in range(SECONDS * 10):
            if subprocess.run(_as_user(*waiting, "-t", "1"), check=False).returncode == 0:
                return
            assert self.process.poll() is None, "the server did not start"
        raise AssertionError("the server is not ready")

    def stop(self) -> None:
        """Close every connection and end."""
        _run("pg_ctl", "stop", "-D", str(self.folder), "-m", "fast", "-w")
        assert self.process is not None
        self.process.wait(SECONDS)

    def new_database(self) -> str:
        """Return the address of an empty database."""
        self.databases += 1
        name = f"test_{self.databases}"
        self.psql("postgres", f"CREATE DATABASE {name}")
        return self.address(name)

    def address(self, name: str, password: str = PASSWORD) -> str:
        return f"postgresql://llmops:{password}@127.0.0.1:{self.port}/{name}"

    def psql(self, database: str, statement: str) -> str:
        """Run a statement and return what it says, without headings."""
        url = database if "://" in database else self.address(database)
        return _run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, url)


@contextmanager
def running() -> Iterator[PostgresServer]:
    """Run a server on a free port. Its files are not among pytest's, which only root may enter."""
    with tempfile.TemporaryDirectory(prefix="postgres-") as name:
        folder = Path(name)
        user = _user()
        if os.geteuid() == 0 and user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        server = _made(folder)
        server.start()
        try:
            yield server
        finally:
            if server.process is not None and server.process.poll() is None:
                server.stop()


def _made(folder: Path) -> PostgresServer:
    (folder / "password").write_text(PASSWORD)
    data = folder / "data"
    access = ("-A", "scram-sha-256", "-U", "llmops", f"--pwfile={folder / 'password'}")
    _run("initdb", "-D", str(data), "-E", "UTF8", "--locale=C", "--no-sync", *access)
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(
            f"listen_addresses = '127.0.0.1'\nunix_socket_directories = '{data}'\n"
            "fsync = off\nshared_buffers = 32MB\nmax_connections = 60\n"
        )
    return PostgresServer(data, free_port())


def _run(*command: str) -> str:
    done = subprocess.run(_as_user(*command), cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _as_user(program: str, *arguments: str) -> list[str]:
    folder = programs()
    assert folder is not None
    command = [str(folder / program), *arguments]
    user = _user()
    if os.geteuid() != 0 or user is None:
        return command
    ids = (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups")
    return ["setpriv", *ids, *command]
