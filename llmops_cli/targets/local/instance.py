"""One release process, as its supervisor sees it."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from llmops_cli import __version__
from llmops_cli.core.release import Release
from llmops_cli.targets.local.channel import Channel, NoAnswerError, listen
from llmops_cli.targets.local.layout import Layout

#: Variables of the operator's environment that a release process gets; no other leaks into it.
INHERITED = (
    *("PATH", "HOME", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "no_proxy"),
)
_ASK_SECONDS = 5.0


class Role(StrEnum):
    """What an instance is there for."""

    CANDIDATE = "candidate"
    LIVE = "live"
    STANDBY = "standby"
    RETIRING = "retiring"


@dataclass(eq=False)
class Instance:
    """A running process of a release. ``process`` is None for one that an earlier supervisor
    started; ``gone`` is set when it has ended, and then ``exit_code`` says how, where known.
    ``address`` is the public ``host:port`` of its release; ``drain_seconds`` is what it gets to
    finish.
    """

    name: str
    release: str
    address: str
    drain_seconds: float
    private_url: str
    channel: Channel
    watch: Channel
    role: Role
    process: subprocess.Popen[bytes] | None = None
    pid: int = 0
    exit_code: int | None = None
    has_traffic: bool = False
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(
        self, do: str, *, descriptor: int | None = None, seconds: float = _ASK_SECONDS
    ) -> dict[str, object]:
        """Send a message to the process.

        Raises:
            NoAnswerError: it has ended or does not answer in time.
        """
        async with self._asking:
            try:
                asked = asyncio.to_thread(self.channel.exchange, {"do": do}, descriptor)
                return (await asyncio.wait_for(asked, seconds))[0]
            except TimeoutError as error:
                self.channel.close()
                raise NoAnswerError(f"{self.name} did not answer within {seconds:g} s") from error

    async def accept(self, listening: socket.socket) -> None:
        """Have it take the public traffic."""
        await self.ask("accept", descriptor=listening.fileno())
        self.has_traffic = True

    async def pause(self) -> None:
        """Have it take no new connection. One that never took any is ended instead: it may
        still be loading, and nobody can wait for that.
        """
        if self.has_traffic:
            await self.ask("pause")
        else:
            self.signal(signal.SIGTERM)

    async def end(self, grace: float) -> None:
        """Let it finish what it does within ``grace`` seconds, then kill it."""
        self.signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.gone.wait(), grace)
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await self.gone.wait()

    def signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if not self.gone.is_set() and self.pid:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def watch_for_end(self, on_gone: Callable[["Instance"], None]) -> None:
        """Call ``on_gone`` once, when the process has ended."""
        loop = asyncio.get_running_loop()
        handle = _process_handle(self.pid)
        watched = self.watch.fileno() if handle is None else handle

        def ended() -> None:
            loop.remove_reader(watched)
            if handle is not None:
                os.close(handle)
            self.watch.close()
            self.channel.close()
            self._end_children()
            if self.process is not None:
                self.exit_code = self.process.wait()
            self.gone.set()
            on_gone(self)

        loop.add_reader(watched, ended)

    def _end_children(self) -> None:
        # It was started as the leader of a group. What it forked holds the public socket too,
        # and would take connections that nobody answers.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def facts(self) -> dict[str, object]:
        """Return what the supervisor tells about it."""
        return {
            "name": self.name,
            "release": self.release,
            "role": self.role.value,
            "pid": self.pid,
            "url": self.private_url,
            "exit_code": self.exit_code,
            "running": not self.gone.is_set(),
        }


def _process_handle(pid: int) -> int | None:
    """Return a descriptor that becomes readable when a process ends, where the system has them.

    Without one the end shows as a broken line, but only when no child holds the other end.
    """
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def new_name(release: str) -> str:
    """Name an instance so that no two ever share a name."""
    return f"{release}-{secrets.token_hex(3)}"


def spawn(layout: Layout, release: Release, name: str, role: Role) -> Instance:
    """Start a process for a release, listening at a private address that nobody else knows."""
    private = socket.create_server(("127.0.0.1", 0), backlog=128)
    control = listen(layout.instance_socket(name))
    descriptors = (private.fileno(), control.fileno())
    environment = environment_of(layout, release) | {
        "LLMOPS_LISTEN_FD": str(descriptors[0]),
        "LLMOPS_CONTROL_FD": str(descriptors[1]),
    }
    with private, control, layout.log(release.id).open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "llmops_cli.serve"],
            env=environment,
            cwd=layout.releases / release.id / "source",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=descriptors,
            start_new_session=True,
        )
        url = f"http://127.0.0.1:{private.getsockname()[1]}"
    layout.instance_pid(name).write_text(str(process.pid), encoding="utf-8")
    channel, watch = connect(layout.instance_socket(name))
    return Instance(
        name=name,
        release=release.id,
        address=address_of(release),
        drain_seconds=drain_seconds_of(release),
        private_url=url,
        channel=channel,
        watch=watch,
        role=role,
        process=process,
        pid=process.pid,
    )


def address_of(release: Release) -> str:
    """Return the public ``host:port`` that a release asks for."""
    return f"{release.settings['HOST']}:{release.settings['PORT']}"


def url_of(settings: Mapping[str, str]) -> str:
    """Return the URL at which this machine reaches a release with these settings."""
    host, port = settings["HOST"], settings["PORT"]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def drain_seconds_of(release: Release) -> float:
    """Return how long a process of a release may take to finish what it does."""
    return float(release.settings["LLMOPS_DRAIN_SECONDS"])


def connect(path: Path) -> tuple[Channel, Channel]:
    """Open the two lines to an instance: one to ask on, one that only breaks when it ends."""
    return Channel(path, timeout=600), Channel(path, timeout=600)


def environment_of(layout: Layout, release: Release) -> dict[str, str]:
    """Return the environment of a release process: no secret value, only the files of them."""
    environment = {key: value for key, value in os.environ.items() if key in INHERITED}
    secret_files = {
        f"{name}_FILE": str(layout.secrets / name / version)
        for name, version in release.secret_versions.items()
    }
    return {
        **environment,
        "PYTHONUNBUFFERED": "1",
        "LLMOPS_RELEASE": release.id,
        "LLMOPS_COMMIT": release.commit,
        "LLMOPS_VERSION": __version__,
        "LLMOPS_DATA_DIR": str(layout.data),
        **release.settings,
        **secret_files,
    }
