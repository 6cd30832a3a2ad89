"""What a project file says of the API that a release serves: `[api]` and the tables in it."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from llmops_cli.config.fields import (
    Application,
    HttpAddress,
    ModelFile,
    Name,
    ProjectPath,
    SecretName,
    Text,
    Texts,
    Word,
)
from llmops_cli.config.table import Table

#: The model that answers without any upstream and says that it is one.
DEMO_MODEL = "demo"

Auth = Literal["api-key", "none"]


class Upstream(Table):
    """A server that speaks the OpenAI dialect, or a GGUF file served inside the release."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["base_url"]}, {"required": ["gguf"]}]}
    )

    name: Name = Field(description="What logs and errors call this upstream.")
    base_url: HttpAddress | None = Field(
        default=None, description="Address up to and including /v1. Give this or `gguf`."
    )
    gguf: ModelFile | None = Field(
        default=None,
        description="GGUF file, served in-process. Give this or `base_url`. A path inside the "
        "project names a file of the commit; an absolute one a file of the machine, which no "
        "release holds.",
    )
    auth: Auth | None = Field(
        default=None,
        description='"api-key" sends the value of `secret` as a bearer token, "none" sends '
        'nothing. Default: "api-key" for `base_url`, "none" for `gguf`.',
    )
    secret: SecretName | None = Field(
        default=None,
        description="Name of the secret that holds the upstream's key; "
        "its value is set with `llmops secrets set`.",
    )
    models: Texts = Field(min_length=1, description="Models that this upstream serves.")

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.base_url is None) == (self.gguf is None):
            raise ValueError("needs exactly one of base_url and gguf")
        if self.gguf is not None and (self.secret or self.auth == "api-key"):
            raise ValueError("serves a file, which takes neither a secret nor auth")
        if self.credential == "api-key" and self.secret is None:
            raise ValueError('needs `secret`, the name of its key, or auth = "none"')
        if self.credential == "none" and self.secret is not None:
            raise ValueError('has a secret and auth = "none"; remove one of them')
        return self

    @property
    def credential(self) -> Auth:
        """How the upstream is asked: ``auth``, or the default where it is left out."""
        return self.auth or ("none" if self.gguf else "api-key")


Upstreams = Annotated[tuple[Upstream, ...], Field(strict=False)]


class Api(Table):
    """The API that a release serves."""

    app: Application | None = Field(
        default=None, description="ASGI application of the project that replaces the embedded one."
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
    auth: Auth = Field(
        default="api-key",
        description='"api-key" asks every caller for LLMOPS_API_KEY, "none" answers anybody.',
    )
    status_word: Word = Field(
        default="ok", description="Word that /health answers while all is well."
    )
    history_rows: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="Messages of a session that the model is shown again.",
    )
    session_max_tokens: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Tokens that an answer in a session may have. Default: the model's own limit. "
        "Requests to /v1 carry their own.",
    )
    request_seconds: float = Field(
        default=30,
        gt=0,
        le=3600,
        description="Seconds after which a request to a model is given up.",
    )
    upstreams: Upstreams = Field(default=(), description="Where models are served.")

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = [upstream.name for upstream in self.upstreams]
        models = [model for upstream in self.upstreams for model in upstream.models]
        if len(set(names)) < len(names):
            raise ValueError("has two upstreams of one name")
        if len(set(models)) < len(models):
            raise ValueError("has a model that is listed twice in `models` of its upstreams")
        if models and self.model not in models:
            raise ValueError("needs `model`, one of those in `models` of its upstreams")
        if not models and self.model != DEMO_MODEL:
            raise ValueError("has a `model` but no upstream that serves it: add [[api.upstreams]]")
        return self
