"""Runs the program that builds: BuildKit where it is, the classic builder where not, or podman."""

import subprocess
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from llmops_cli.core.image import Tell
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import BuildError, EngineError, PreflightError

_LAST_LINES = 20
#: Seconds that a program has to end by itself, with all that it started.
_END_SECONDS = 5.0


class Kind(StrEnum):
    """The builders, which take nearly the same Dockerfile and nearly the same options."""

    BUILDKIT = "buildkit"
    CLASSIC = "classic"
    PODMAN = "podman"

    @property
    def has_cache_mounts(self) -> bool:
        """Whether a step may have a folder that outlives it, for downloads."""
        return self is not Kind.CLASSIC


@dataclass(frozen=True)
class Order:
    """What to build: the context, the Dockerfile's path in it, and when the commit was made."""

    context: Path
    dockerfile: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    platform: str | None = None
    use_cache: bool = True
    created: int = 0

    @property
    def variables(self) -> dict[str, str]:
        """What else makes two images of a commit the same, for builders that know of it: the time
        in their description, in seconds, and no record of the build.
        """
        return {"SOURCE_DATE_EPOCH": str(self.created), "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}


def kind_of(engine: Engine) -> Kind:
    """Return the best builder that an engine's program has.

    Raises:
        PreflightError: the program is missing.
    """
    if engine.program.endswith("podman"):
        return Kind.PODMAN
    try:
        engine.run("buildx", "version")
    except EngineError:
        return Kind.CLASSIC
    return Kind.BUILDKIT


def build(engine: Engine, kind: Kind, order: Order, tell: Tell) -> None:
    """Build, and leave the image in the engine under its name.

    Raises:
        PreflightError: no engine answers.
        BuildError: a step failed; the evidence is the end of the log.
    """
    # Without BuildKit in the environment the classic builder is asked for by its name.
    variables = {"DOCKER_BUILDKIT": "0"} if kind is Kind.CLASSIC else order.variables
    status, said = run(engine, arguments(kind, order), tell, variables)
    if status:
        raise _failure(engine, said)


def arguments(kind: Kind, order: Order) -> list[str]:
    """Return the words after the program's name."""
    words = {
        Kind.BUILDKIT: ["buildx", "build", "--load", "--progress", "plain"],
        Kind.CLASSIC: ["build", "--force-rm"],
        # The only format of podman's that keeps a health check.
        Kind.PODMAN: ["build", "--format", "docker", "--force-rm"],
    }[kind]
    words += ["--tag", order.name, "--file", str(order.context / order.dockerfile)]
    words += [word for key in order.labels for word in ("--label", f"{key}={order.labels[key]}")]
    words += ["--platform", order.platform] if order.platform else []
    return [*words, *([] if order.use_cache else ["--no-cache"]), str(order.context)]


def run(
    engine: Engine, arguments: list[str], tell: Tell, variables: Mapping[str, str]
) -> tuple[int, str]:
    """Run a command, tell each line as it comes; return the status and the last lines.

    Whatever ends this ends the program too. Raises PreflightError when the program is missing.
    """
    last: deque[str] = deque(maxlen=_LAST_LINES)
    try:
        process = subprocess.Popen(
            [*engine.command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**engine.environment, **variables},
            text=True,
            errors="replace",
        )
    except FileNotFoundError:
        engine.run("version")
        raise
    with process:
        try:
            for line in filter(str.strip, process.stdout or ()):
                last.append(line.rstrip())
                tell(line.rstrip())
        except BaseException:
            _end(process)
            raise
    return process.returncode, "\n".join(last)


def _end(process: "subprocess.Popen[str]") -> None:
    # Asked first: a plugin that it runs would go on building without it.
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _failure(engine: Engine, said: str) -> BuildError | PreflightError:
    failure = engine.failure(("build",), said)
    if isinstance(failure, PreflightError):
        return failure
    return BuildError(
        "The image could not be built.",
        evidence=said,
        state="What was serving is serving still.",
        next_step=_remedy(engine, said.lower()),
    )


def _remedy(engine: Engine, said: str) -> str:
    if "no space left on device" in said:
        return f"{engine.program} system df, and free space on the engine's disk; then build again."
    if "exec format error" in said:
        return "Build on an engine of that platform, or install qemu-user-static on this one."
    return "Mend what the last lines say, commit, and build again."
