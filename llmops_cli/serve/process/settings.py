"""Where the process listens, how long it waits for a request, and how long it takes to stop."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmops_cli.serve.environment import Environment
from llmops_cli.serve.process.systemd import ServiceManager, handed_over, manager_of
from llmops_cli.serve.settings import SettingsError
from llmops_cli.serve.vertex.settings import PORT as VERTEX_PORT


@dataclass(frozen=True)
class ServerSettings:
    """Where to listen and how long to wait. Times are in seconds.

    ``listen`` is an inherited listening socket, ``control`` an inherited Unix socket for the
    supervisor; without them the server listens at ``host`` and ``port``. The head of a request,
    and then its body, must arrive within ``body`` each.

    ``handed_over`` is the public socket that systemd listens on and this process accepts at, and
    ``manager`` is systemd itself, where it started the process.

    After a signal, requests are still served for ``linger``; then those under way have ``drain``
    to finish. While draining, a connection that has been idle for ``drain_idle`` is closed.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    listen: int | None = None
    control: int | None = None
    drain: float = 30
    drain_idle: float = 5
    linger: float = 0
    body: float = 30
    handed_over: int | None = None
    manager: ServiceManager = field(default_factory=ServiceManager)

    @property
    def address(self) -> str:
        """Where it listens by itself, for messages."""
        return f"{self.host}:{self.port}"

    @staticmethod
    def load(variables: Mapping[str, str]) -> "ServerSettings":
        """Read HOST, PORT, LLMOPS_LISTEN_FD, _CONTROL_FD, _DRAIN_*, _LINGER_ and _BODY_SECONDS.

        What systemd sets is read too, LISTEN_FDS, NOTIFY_SOCKET and WATCHDOG_USEC, and what Vertex
        AI sets: AIP_HTTP_PORT.

        Raises:
            SettingsError: one of them is not what it must be; every problem is told.
        """
        environment = Environment(variables)
        is_on_vertex = bool(environment.text(VERTEX_PORT))
        settings = ServerSettings(
            host=environment.text("HOST", "0.0.0.0" if is_on_vertex else "127.0.0.1"),  # noqa: S104
            port=environment.integer(
                VERTEX_PORT if is_on_vertex else "PORT", 8000, lowest=0, highest=65535
            ),
            listen=_descriptor(environment, "LLMOPS_LISTEN_FD"),
            control=_descriptor(environment, "LLMOPS_CONTROL_FD"),
            drain=_seconds(environment, "LLMOPS_DRAIN_SECONDS", "30"),
            drain_idle=_seconds(environment, "LLMOPS_DRAIN_IDLE_SECONDS", "5"),
            linger=_seconds(environment, "LLMOPS_LINGER_SECONDS", "0"),
            body=environment.seconds("LLMOPS_BODY_SECONDS", 30.0, highest=3600),
            handed_over=handed_over(variables, environment),
            manager=manager_of(variables, environment),
        )
        if environment.problems:
            raise SettingsError(tuple(environment.problems))
        return settings


def _descriptor(environment: Environment, name: str) -> int | None:
    text = environment.matching(name, "", pattern=r"\d{0,9}", rule="must be a file descriptor")
    return int(text) if text else None


def _seconds(environment: Environment, name: str, default: str) -> float:
    rule = "must be a number of seconds"
    return float(environment.matching(name, default, pattern=r"\d{1,6}(\.\d{1,6})?", rule=rule))
