"""What systemd hands a service and wants to hear from it: sd_listen_fds(3) and sd_notify(3)."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from llmops_cli.serve.environment import Environment

#: The first descriptor that is handed over.
_FIRST = 3
#: Seconds for which a start that goes on asks, and how often it does.
START_SECONDS = 30.0
START_BEAT = 5.0


@dataclass(frozen=True)
class ServiceManager:
    """How systemd is told how this process does; without an ``address`` there is nobody to tell.

    ``watchdog`` is how many seconds may pass between two signs of life, 0 for any number.
    """

    address: str = ""
    watchdog: float = 0.0

    @property
    def is_there(self) -> bool:
        """Whether anybody listens."""
        return bool(self.address)

    def starting(self) -> None:
        """Say that the start goes on, so that it may take longer than a start usually does."""
        self._tell(f"EXTEND_TIMEOUT_USEC={START_SECONDS * 1e6:.0f}")

    def waiting(self, why: str) -> None:
        """Say what the start waits for."""
        self._tell(f"STATUS={why}")

    def ready(self) -> None:
        """Say that the service does what it is there for."""
        self._tell("READY=1\nSTATUS=Ready")

    def alive(self) -> None:
        """Give a sign of life."""
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the service finishes what is under way."""
        self._tell("STOPPING=1\nSTATUS=Finishing the requests under way")

    def _tell(self, state: str) -> None:
        if not self.address:
            return
        # A leading @ stands for the NUL of an abstract address.
        address = "\0" + self.address[1:] if self.address[0] == "@" else self.address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as teller:
            teller.setblocking(False)
            try:
                teller.sendto(state.encode(), address)
            except OSError:
                # It does not listen, or has enough to read. The next word says the same.
                return


def manager_of(variables: Mapping[str, str], environment: Environment) -> ServiceManager:
    """Read NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID."""
    address = environment.matching(
        "NOTIFY_SOCKET", "", pattern=r"([/@].+)?", rule="must be the address of a Unix socket"
    )
    microseconds = environment.matching(
        "WATCHDOG_USEC", "0", pattern=r"[0-9]{1,18}", rule="must be a number of microseconds"
    )
    is_meant = variables.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return ServiceManager(address, int(microseconds) / 1e6 if is_meant else 0.0)


def handed_over(variables: Mapping[str, str], environment: Environment) -> int | None:
    """Return the descriptor of the listening socket that LISTEN_FDS and LISTEN_PID tell of.

    Those for another process, which this one only inherited, mean nothing.
    """
    if variables.get("LISTEN_PID") != str(os.getpid()):
        return None
    count = environment.text("LISTEN_FDS", "0")
    if count != "1":
        environment.refuse("LISTEN_FDS", "must be 1: the API listens on one socket")
        return None
    try:
        os.set_inheritable(_FIRST, False)
        with socket.socket(fileno=os.dup(_FIRST)) as found:
            is_listening = found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        is_listening = 0
    if not is_listening:
        environment.refuse("LISTEN_FDS", "hands over no listening socket; Accept= must be no")
        return None
    return _FIRST
