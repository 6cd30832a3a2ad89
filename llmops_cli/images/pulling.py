"""An image of somebody else's: found in the engine, or pulled into it."""

from llmops_cli.core.image import Tell
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import BuildError, PreflightError
from llmops_cli.images.builder import run
from llmops_cli.images.inspection import Held, look_up


def present(engine: Engine, name: str, platform: str | None, tell: Tell) -> Held:
    """Return an image that the engine then holds.

    Raises:
        PreflightError: no engine answers.
        BuildError: the image is not there and cannot be pulled.
    """
    held = look_up(engine, name)
    if held is None or platform not in (None, held.platform):
        _pull(engine, name, platform, tell)
        held = look_up(engine, name)
    if held is None:
        raise BuildError(f"{name} was pulled, but {engine.program} does not hold it.")
    return held


def _pull(engine: Engine, name: str, platform: str | None, tell: Tell) -> None:
    tell(f"Pulling {name}")
    options = ["--platform", platform] if platform else []
    status, said = run(engine, ["pull", *options, name], tell, {})
    if status:
        failure = engine.failure(("pull",), said)
        if isinstance(failure, PreflightError):
            raise failure
        raise BuildError(
            f"{name} is not in the engine and cannot be pulled.",
            evidence=said,
            state="What was serving is serving still.",
            next_step=f"Mend the name, or log in; then: {engine.program} pull {name}",
        )
