"""A Docker engine, asked through its command line: the one place that runs it."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from llmops_cli.engine.forwarding import Way
from llmops_cli.engine.packages import require_packages
from llmops_cli.errors import EngineError, PreflightError

if TYPE_CHECKING:
    from python_on_whales import DockerClient

_LAST_LINES = 20
_UNREACHABLE = ("Cannot connect to the Docker daemon", "error during connect", "no such host")


class NoEngineError(PreflightError):
    """No engine answers at the address that was named."""


@dataclass(frozen=True)
class Engine:
    """Which engine, and with which credentials.

    ``host`` is as in ``DOCKER_HOST`` (``ssh://deploy@server``), ``context`` the name of a Docker
    context; without either it is the operator's own choice. ``config`` is a folder to use as
    ``DOCKER_CONFIG``.
    """

    program: str = "docker"
    host: str | None = None
    context: str | None = None
    config: Path | None = None
    _way: Way = field(default_factory=Way, repr=False, compare=False)

    @property
    def command(self) -> list[str]:
        """The program and the options that choose the engine."""
        words = [self.program]
        words += ["--config", str(self.config)] if self.config else []
        host = self._forwarded or self.host
        words += ["--host", host] if host else []
        return words + (["--context", self.context] if self.context else [])

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the program: ours, less what would choose another engine."""
        inherited = dict(os.environ)
        if self.host or self.context or self._forwarded:
            inherited.pop("DOCKER_HOST", None)
            inherited.pop("DOCKER_CONTEXT", None)
        if self.config:
            # It would count for more than the logins of that folder.
            inherited.pop("DOCKER_AUTH_CONFIG", None)
        return inherited

    @property
    def named_host(self) -> str | None:
        """The engine's address as it was named here or in the environment, if it was."""
        return self.host or (None if self.context else os.environ.get("DOCKER_HOST"))

    @property
    def is_podman(self) -> bool:
        """Whether the program is podman, which reads other variables."""
        return Path(self.program).name == "podman"

    @property
    def _forwarded(self) -> str | None:
        """The address here of an engine behind ssh, where one can be made."""
        host = self.named_host
        if self.is_podman or host is None or not host.startswith("ssh://"):
            return None
        return self._way.to(host)

    @property
    def is_installed(self) -> bool:
        """Whether the program is there."""
        return shutil.which(self.program) is not None

    def client(self) -> "DockerClient":
        """Return python-on-whales on this engine. Loading it takes a fifth of a second.

        Raises:
            PreflightError: the program or the package is missing.
        """
        require_packages()
        from python_on_whales import DockerClient

        if not self.is_installed:
            raise self._missing()
        kind: Literal["docker", "podman"] = "podman" if self.is_podman else "docker"
        return DockerClient(client_call=self.command, client_type=kind)

    def run(
        self,
        *arguments: str,
        input: bytes | None = None,
        variables: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> bytes:
        """Run one command to its end and return what it wrote to standard output.

        Raises:
            PreflightError: the program is missing, or no engine answers.
            EngineError: the command failed; the evidence is the end of what it said.
        """
        try:
            done = subprocess.run(
                [*self.command, *arguments],
                input=input,
                stdin=subprocess.DEVNULL if input is None else None,
                capture_output=True,
                env={**self.environment, **(variables or {})},
                timeout=seconds,
                check=False,
            )
        except FileNotFoundError as error:
            raise self._missing() from error
        except subprocess.TimeoutExpired as error:
            raise EngineError(
                f"{self.program} {arguments[0]} did not end within {seconds:g} s."
            ) from error
        if done.returncode:
            raise self.failure(arguments, done.stderr.decode(errors="replace"))
        return done.stdout

    def start(
        self, *arguments: str, merged: bool = False, variables: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a command with pipes on all three of its streams.

        With ``merged`` what it writes to standard error comes with its standard output.

        Raises:
            PreflightError: the program is missing.
        """
        try:
            return subprocess.Popen(
                [*self.command, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if merged else subprocess.PIPE,
                env={**self.environment, **(variables or {})},
            )
        except FileNotFoundError as error:
            raise self._missing() from error

    def lines(self, *arguments: str) -> Iterator[str]:
        """Run a command and yield what it writes to both its outputs, line by line, as it comes.

        It is ended when nobody reads on. How it ends is not told.
        """
        process = subprocess.Popen(
            [*self.command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.environment,
        )
        try:
            for line in process.stdout or ():
                yield line.decode(errors="replace").rstrip("\r\n")
        finally:
            process.terminate()
            process.communicate()

    def failure(self, arguments: Sequence[str], said: str) -> EngineError | PreflightError:
        """Return the error for a command that failed and said this."""
        last = "\n".join(said.strip().splitlines()[-_LAST_LINES:])
        if any(words in said for words in _UNREACHABLE):
            return NoEngineError(
                "No Docker engine answers.",
                evidence=last,
                next_step="Start it, or set DOCKER_HOST; then: llmops doctor",
            )
        return EngineError(f"{self.program} {arguments[0]} failed.", evidence=last)

    def _missing(self) -> PreflightError:
        return PreflightError(
            f"{self.program} is not installed.",
            next_step="Install it (https://docs.docker.com/engine/install), then: llmops doctor",
        )
