"""The settings of the served API, read once from the environment and refused when wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from llmops_cli.serve.access import settings as access_settings
from llmops_cli.serve.access.settings import AccessSettings
from llmops_cli.serve.environment import Environment
from llmops_cli.serve.limits import settings as limits_settings
from llmops_cli.serve.limits.settings import LimitsSettings
from llmops_cli.serve.playground import settings as playground_settings
from llmops_cli.serve.playground.settings import PlaygroundSettings
from llmops_cli.serve.sessions import settings as session_settings
from llmops_cli.serve.sessions.settings import SessionSettings
from llmops_cli.serve.telemetry import settings as telemetry_settings
from llmops_cli.serve.telemetry.prices import VARIABLE as PRICES
from llmops_cli.serve.telemetry.settings import TelemetrySettings
from llmops_cli.serve.upstreams import resilience
from llmops_cli.serve.upstreams import settings as upstream_settings
from llmops_cli.serve.upstreams.resilience import Resilience
from llmops_cli.serve.upstreams.settings import UpstreamSettings
from llmops_cli.serve.vertex import settings as vertex_settings
from llmops_cli.serve.vertex.settings import VertexSettings

#: The model that needs no upstream: it is part of this package.
DEMO_MODEL = "demo"

#: Asks for the three fields of a session's answer. A model that ignores it still works.
DEFAULT_SYSTEM_PROMPT = (
    "You are a helpful assistant. Reply with one JSON object and nothing else, with the keys "
    '"answer" (a string), "actions" (a list of strings) and "follow_up_questions" (a list of '
    "strings)."
)


class SettingsError(Exception):
    """The environment does not describe a server that is safe to start.

    ``problems`` holds one line for each rule that is broken. No line holds a value.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """Everything that the served API is told.

    ``fallbacks`` names models that stand in for a model, in order.
    """

    release: str
    commit: str
    version: str
    model: str
    system_prompt: str
    access: AccessSettings
    status_word: str
    sessions: SessionSettings
    telemetry: TelemetrySettings
    upstreams: tuple[UpstreamSettings, ...]
    fallbacks: Mapping[str, tuple[str, ...]]
    resilience: Resilience
    app: str
    limits: LimitsSettings
    routers: tuple[str, ...]
    playground: PlaygroundSettings
    vertex: VertexSettings


def load(environ: Mapping[str, str]) -> Settings:
    """Read the settings. Raises SettingsError with every problem at once, not the first only."""
    environment = Environment(environ)
    upstreams = upstream_settings.read(environment)
    settings = Settings(
        release=_release(environment),
        commit=environment.matching(
            "LLMOPS_COMMIT", "", pattern=r"([0-9a-f]{40,64})?", rule="must be a full commit sha"
        ),
        version=environment.text("LLMOPS_VERSION", "unknown"),
        model=environment.text("LLMOPS_MODEL", DEMO_MODEL),
        system_prompt=environment.file_text("LLMOPS_SYSTEM_PROMPT_FILE") or DEFAULT_SYSTEM_PROMPT,
        access=access_settings.read(environment),
        status_word=environment.matching(
            "LLMOPS_STATUS_WORD", "ok", pattern=r"[A-Za-z_-]{1,32}", rule="must be one plain word"
        ),
        sessions=session_settings.read(environment),
        telemetry=telemetry_settings.read(environment),
        upstreams=upstreams,
        fallbacks=upstream_settings.read_fallbacks(environment, upstreams),
        resilience=resilience.read(environment),
        app=environment.matching(
            "LLMOPS_APP", "", pattern=r"([\w.]+:\w+)?", rule="must read package.module:attribute"
        ),
        limits=limits_settings.read(environment),
        routers=_routers(environment),
        playground=playground_settings.read(environment),
        vertex=vertex_settings.read(environment),
    )
    _inspect_model(environment, settings)
    if environment.problems:
        raise SettingsError(tuple(environment.problems))
    return settings


def _release(environment: Environment) -> str:
    return environment.matching(
        "LLMOPS_RELEASE",
        "unreleased",
        pattern=r"[A-Za-z0-9._+-]{1,128}",
        rule="must be letters, digits and . _ + - only, at most 128",
    )


def _routers(environment: Environment) -> tuple[str, ...]:
    text = environment.matching(
        "LLMOPS_ROUTERS",
        "",
        pattern=r"([\w.]+:\w+(\s*,\s*[\w.]+:\w+)*)?",
        rule="must be a list of package.module:attribute, separated by commas",
    )
    if text and environment.text("LLMOPS_APP"):
        environment.refuse("LLMOPS_ROUTERS", "goes with the embedded API, not with LLMOPS_APP")
    return tuple(re.split(r"\s*,\s*", text)) if text else ()


def _inspect_model(environment: Environment, settings: Settings) -> None:
    if any(problem.startswith(upstream_settings.VARIABLE) for problem in environment.problems):
        return
    served = [model for upstream in settings.upstreams for model in upstream.models]
    if settings.model not in (served or [DEMO_MODEL]):
        environment.refuse(
            "LLMOPS_MODEL", f"names a model that no upstream of {upstream_settings.VARIABLE} serves"
        )
    if any(price.model not in (served or [DEMO_MODEL]) for price in settings.telemetry.prices):
        environment.refuse(PRICES, "has a price for a model that is not served here")
