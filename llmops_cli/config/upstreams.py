"""What a project file says of one upstream, in `[[api.upstreams]]`."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from llmops_cli.config.fields import (
    HeaderName,
    HttpAddress,
    ModelFile,
    Name,
    ProjectPath,
    SecretName,
    Text,
    Texts,
    Version,
)
from llmops_cli.config.table import Table

UpstreamAuth = Literal["api-key", "entra", "google", "none"]


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
    auth: UpstreamAuth | None = Field(
        default=None,
        description='"api-key" sends the value of `secret` as a bearer token, "entra" a token of '
        'the managed identity that the release runs under, "google" one of its service account, '
        '"none" sends nothing. Default: "api-key" for `base_url`, "none" for `gguf`.',
    )
    secret: SecretName | None = Field(
        default=None,
        description="Name of the secret that holds the upstream's key; "
        "its value is set with `llmops secrets set`.",
    )
    header: HeaderName = Field(
        default="Authorization",
        description="Header that carries the key: bare, but as a bearer token in Authorization. "
        'Azure OpenAI takes "api-key".',
    )
    scope: Text | None = Field(
        default=None,
        description='What a token is asked for with auth = "entra". Default: that of Azure OpenAI.',
    )
    federation: ProjectPath | None = Field(
        default=None,
        description='With auth = "google": file that says how a token of the identity that the '
        "release runs under becomes one of Google (type external_account, as `gcloud iam "
        "workload-identity-pools create-cred-config` writes it). It holds no secret.",
    )
    api_version: Version | None = Field(
        default=None, description="What is sent as ?api-version=, as Azure's deployments want it."
    )
    models: Texts = Field(min_length=1, description="Models that this upstream serves.")
    aliases: Mapping[Text, Text] = Field(
        default_factory=dict,
        description="Names that models have at the upstream, by the names that they have here.",
    )
    stream_usage: bool = Field(
        default=True,
        description="Whether the upstream is asked to report the tokens of a stream "
        "(`stream_options`). False for one that refuses the field.",
    )
    timeout_seconds: float | None = Field(
        default=None,
        gt=0,
        le=3600,
        description="Seconds that one attempt may take. Default: an equal share of what is left "
        "of `request_seconds` for this upstream and those that stand in for it.",
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if (self.base_url is None) == (self.gguf is None):
            raise ValueError("needs exactly one of base_url and gguf")
        if self.gguf is not None and (self.secret or self.auth not in {None, "none"}):
            raise ValueError("serves a file, which takes neither a secret nor auth")
        if self.credential == "api-key" and self.secret is None:
            raise ValueError('needs `secret`, the name of its key, or auth = "none"')
        if self.credential != "api-key" and self.secret is not None:
            raise ValueError(f'has a secret and auth = "{self.credential}"; remove one of them')
        if self.federation and self.credential != "google":
            raise ValueError('has `federation`, which goes with auth = "google" only')
        if len(set(self.models)) < len(self.models):
            raise ValueError("has a model twice in `models`")
        if not set(self.aliases) <= set(self.models):
            raise ValueError("has `aliases` for a model that is not in `models`")
        return self

    @property
    def credential(self) -> UpstreamAuth:
        """How the upstream is asked: ``auth``, or the default where it is left out."""
        return self.auth or ("none" if self.gguf else "api-key")


Upstreams = Annotated[tuple[Upstream, ...], Field(strict=False)]


def variables(
    upstreams: Sequence[Upstream], fallbacks: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Return LLMOPS_UPSTREAMS, a JSON list, and LLMOPS_FALLBACKS, a JSON object, if there are any.

    Keys that the project leaves out are left out.
    """
    found = {"LLMOPS_UPSTREAMS": json.dumps([_record(upstream) for upstream in upstreams])}
    if fallbacks:
        found["LLMOPS_FALLBACKS"] = json.dumps({name: [*fallbacks[name]] for name in fallbacks})
    return found


def _record(upstream: Upstream) -> dict[str, object]:
    record = upstream.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return {**record, "auth": upstream.credential}
