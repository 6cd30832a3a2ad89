"""Whether the playground is there."""

from dataclasses import dataclass

from llmops_cli.serve.environment import Environment


@dataclass(frozen=True)
class PlaygroundSettings:
    """``is_on``: whether ``/`` is a page to try the models on. The API itself stays closed."""

    is_on: bool


def read(environment: Environment) -> PlaygroundSettings:
    """Read ``LLMOPS_PLAYGROUND``: on, the default, or off."""
    return PlaygroundSettings(environment.choice("LLMOPS_PLAYGROUND", ("on", "off")) == "on")
