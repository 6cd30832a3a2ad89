"""What a project file says of the API that a release serves: `[api]` and the tables in it."""

from collections.abc import Mapping
from itertools import chain
from typing import Annotated, Self

from pydantic import Field, model_validator

from llmops_cli.config.api_access import Access
from llmops_cli.config.api_limits import Limits
from llmops_cli.config.api_resilience import Resilience
from llmops_cli.config.api_sessions import Sessions
from llmops_cli.config.api_telemetry import Prices, Telemetry, mistake
from llmops_cli.config.fields import (
    Application,
    ProjectPath,
    Text,
    Texts,
    Word,
)
from llmops_cli.config.upstreams import Upstreams

#: The model that answers without any upstream and says that it is one.
DEMO_MODEL = "demo"


class Api(Access):
    """The API that a release serves."""

    app: Application | None = Field(
        default=None, description="ASGI application of the project that replaces the embedded one."
    )
    routers: Annotated[tuple[Application, ...], Field(strict=False)] = Field(
        default=(),
        description="Routers of FastAPI with routes of the project, such as my_routes:router, "
        "which are served beside those of the API and under its rules.",
    )
    model: Text = Field(
        default=DEMO_MODEL,
        description="Model for requests that name none: one that an upstream serves, "
        'or without any upstream "demo", which is built in.',
    )
    system_prompt: ProjectPath | None = Field(
        default=None,
        description="File with the system prompt, in the project and so in the release.",
    )
    status_word: Word = Field(
        default="ok", description="Word that /health answers while all is well."
    )
    request_seconds: float = Field(
        default=30,
        gt=0,
        le=3600,
        description="Seconds after which a request to a model is given up.",
    )
    playground: bool = Field(
        default=True,
        description="Whether `/` is a page to try the models on, with the visitor's own key.",
    )
    upstreams: Upstreams = Field(
        default=(),
        description="Where models are served. Where several serve one model, the first is asked "
        "first and the others stand in for it.",
    )
    fallbacks: Mapping[Text, Texts] = Field(
        default_factory=dict,
        description="Models that stand in, in this order, for one that none of its upstreams can "
        "answer.",
    )
    resilience: Resilience = Field(
        default=Resilience(), description="How hard an upstream is tried."
    )
    sessions: Sessions = Field(default=Sessions(), description="Chat sessions with a memory.")
    limits: Limits = Field(default=Limits(), description="How much callers may ask.")
    telemetry: Telemetry = Field(default=Telemetry(), description="Logs, metrics and traces.")
    prices: Prices = Field(
        default=(), description="What models cost; one without a price has no cost in the metrics."
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.app and self.routers:
            raise ValueError("has `routers`, which go into the API that its `app` replaces")
        names = [upstream.name for upstream in self.upstreams]
        models = [model for upstream in self.upstreams for model in upstream.models]
        if len(set(names)) < len(names):
            raise ValueError("has two upstreams of one name")
        unknown = {*self.fallbacks, *chain.from_iterable(self.fallbacks.values())} - {*models}
        if unknown:
            raise ValueError(f"has `fallbacks` with {min(unknown)!r}, which no upstream serves")
        if models and self.model not in models:
            raise ValueError("needs `model`, one of those in `models` of its upstreams")
        if not models and self.model != DEMO_MODEL:
            raise ValueError("has a `model` but no upstream that serves it: add [[api.upstreams]]")
        wrong = mistake(self.prices, models or [DEMO_MODEL])
        if wrong:
            raise ValueError(wrong)
        return self
