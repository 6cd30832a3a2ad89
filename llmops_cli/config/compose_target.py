"""Target of kind "compose": releases run as containers, with what they need beside them."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from llmops_cli.config.fields import HttpAddress, ProjectPath, Rule, SecretName
from llmops_cli.config.image import Reference
from llmops_cli.config.target import TargetSettings

Profile = Literal["chat", "router", "production", "gpu-stack"]
EngineHost = Annotated[
    str,
    Rule(r"^(ssh|unix|tcp|npipe)://[^\s]+$", "an engine, such as ssh://deploy@server.example.com"),
]
Service = Annotated[str, Rule(r"^[a-z][a-z0-9-]{0,40}$", "the name of a service of the stack")]
Memory = Annotated[str, Rule(r"^[1-9][0-9]{0,6}[kmg]$", "an amount of memory, such as 512m")]
Context = Annotated[str, Rule(r"^[a-zA-Z0-9][a-zA-Z0-9_.+-]{0,62}$", "the name of a context")]


class ComposeTarget(TargetSettings):
    """Target of kind "compose": a stack of containers on one Docker engine."""

    kind: Literal["compose"] = Field(
        default="compose", description="Kind of target. Default: the name of the table."
    )
    profile: Profile = Field(
        default="chat",
        description="What runs beside the API: nothing (chat), LiteLLM (router), LiteLLM, Qdrant, "
        "MLflow, Prometheus and Grafana (production), or vLLM, TEI and LiteLLM (gpu-stack).",
    )
    docker_host: EngineHost | None = Field(
        default=None, description="Engine to use. Default: DOCKER_HOST, or the current context."
    )
    context: Context | None = Field(default=None, description="Docker context to use.")
    public_url: HttpAddress | None = Field(
        default=None,
        description="Address at which this machine reaches the gateway. Default: host and port.",
    )
    certificate_secret: SecretName | None = Field(
        default=None,
        description="Secret that holds a PEM file with certificate chain and key, for HTTPS.",
    )
    memory: Memory = Field(default="512m", description="Most memory that a release may use.")
    cpus: float = Field(default=1.0, gt=0, le=256, description="Most processors of a release.")
    litellm: ProjectPath = Field(
        default="litellm.yaml", description="LiteLLM's configuration, in profiles that run it."
    )
    images: Annotated[Mapping[Service, Reference], Field(strict=False)] = Field(
        default_factory=dict, description="Other images for services of the stack, by service."
    )
