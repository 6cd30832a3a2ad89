"""The Docker engines of hosts, asked by the docker program of this machine."""

import threading
from dataclasses import dataclass, field

from llmops_cli.engine.docker import Engine
from llmops_cli.hosts.session import Session


@dataclass(frozen=True)
class HostEngines:
    """Opens a way to a host's engine when it is first asked; it ends with the host's session.

    The agent leads to the engine as root, so that the login needs no rights of its own there, and
    one connection of ssh serves all commands.
    """

    _open: dict[str, tuple[Session, Engine]] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def of(self, host: str, session: Session) -> Engine:
        """Return the engine of a host.

        Raises:
            RefusedError: the host has none.
            UnreachableError: the connection broke.
        """
        with self._guard:
            known = self._open.get(host)
        if known is not None and known[0] is session:
            return known[1]
        # Whoever gets at the socket is root there.
        socket = session.forwarded_privately(session.ask("open", engine=True)["path"])
        engine = Engine(host=f"unix://{socket}")
        with self._guard:
            self._open[host] = (session, engine)
        return engine
