"""Opens a session: connects, becomes root, and has the agent run there."""

import json
import threading
from typing import Any

from llmops_cli.errors import LlmopsError
from llmops_cli.hosts.connection import Connection
from llmops_cli.hosts.forwarding import Forwarding
from llmops_cli.hosts.session import Session
from llmops_cli.hosts.shipping import Package
from llmops_cli.hosts.ssh import Ssh, as_root, failure, no_python
from llmops_cli.hosts.trouble import RefusedError, UnreachableError

#: Seconds in which a host must let us in and start the agent.
_SECONDS = 60.0
_LINES_PASSED_OVER = 100


def open_session(ssh: Ssh, host: str, app: str, python: str, package: Package) -> Session:
    """Connect to a host and have its agent listen. The agent is sent unless the host keeps it.

    Raises:
        AccessError: the host is not the one that is known, or does not let us in as root.
        UnreachableError: it is not reached.
        PreflightError: ssh is missing here, or a Python that is new enough there.
    """
    words = as_root(python, *package.words(app))
    connection = Connection(ssh.command(host, *words))
    try:
        _greet(host, connection, package)
    except BaseException:
        connection.close(seconds=0)
        raise

    def forward(path: str, is_private: bool) -> Forwarding:  # noqa: FBT001 - called in one place
        return Forwarding(ssh, host, path, is_private=is_private)

    return Session(host, connection, forward)


def _greet(host: str, connection: Connection, package: Package) -> None:
    late = threading.Event()

    def give_up() -> None:
        late.set()
        connection.close(seconds=0)

    timer = threading.Timer(_SECONDS, give_up)
    timer.daemon = True
    timer.start()
    try:
        if _hello(host, connection) == "wanted":
            connection.write(package.archive)
    except OSError as error:
        raise failure(host, *connection.ended()) from error
    except UnreachableError as error:
        if not late.is_set():
            raise
        raise UnreachableError(
            f"{host} does not start what it was asked to within {_SECONDS:g} s.",
            evidence=error.evidence,
            next_step=f"ssh {host} sudo -n true",
        ) from error
    finally:
        timer.cancel()


def _hello(host: str, connection: Connection) -> str:
    """Return whether the agent is wanted or kept. What a login's files print comes before it."""
    for _ in range(_LINES_PASSED_OVER):
        line = connection.line()
        if not line:
            break
        message = _message(line)
        if message.get("hello") == "llmops":
            return str(message.get("agent"))
        if "refused" in message:
            raise _refused(host, message)
    raise failure(host, *connection.ended())


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _refused(host: str, message: dict[str, Any]) -> LlmopsError:
    text = str(message["refused"])
    if "Python" in text:
        return no_python(host, text)
    return RefusedError(text, why=str(message.get("why", "failed")))
