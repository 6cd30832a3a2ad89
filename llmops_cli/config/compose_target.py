"""Target of kind "compose": releases run as containers, with what they need beside them."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from llmops_cli.config.fields import HttpAddress, Port, ProjectPath, Rule, SecretName, Text, Texts
from llmops_cli.config.image import Reference, is_moving
from llmops_cli.config.table import Table
from llmops_cli.config.target import ListeningTarget

Profile = Literal["chat", "router", "production", "gpu-stack"]
EngineHost = Annotated[
    str,
    Rule(r"^(ssh|unix|tcp|npipe)://[^\s]+$", "an engine, such as ssh://deploy@server.example.com"),
]
Service = Annotated[str, Rule(r"^[a-z][a-z0-9-]{0,40}$", "the name of a service of the stack")]
Memory = Annotated[str, Rule(r"^[1-9][0-9]{0,6}[kmg]$", "an amount of memory, such as 512m")]
Context = Annotated[str, Rule(r"^[a-zA-Z0-9][a-zA-Z0-9_.+-]{0,62}$", "the name of a context")]


class ModelServer(Table):
    """A model of Hugging Face that the stack serves itself, on this machine's processors."""

    model: Text | None = Field(
        default=None, description="Model of Hugging Face, such as BAAI/bge-m3."
    )
    arguments: Texts = Field(
        default=(), description="Further arguments of the server, such as --max-model-len, 4096."
    )
    gpus: int | None = Field(
        default=None, ge=0, le=64, description="GPUs that it gets; 0: none. Default: as it needs."
    )
    memory: Memory | None = Field(default=None, description="Most memory that it may use.")

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        names = {argument.partition("=")[0] for argument in self.arguments}
        if names & {"--api-key", "--hf-token", "--hf-api-token"}:
            raise ValueError("has a key in `arguments`; it is read from a secret")
        if names & {"--model", "--model-id"}:
            raise ValueError("has the model in `arguments`; name it with `model`")
        return self


class ComposeTarget(ListeningTarget):
    """Target of kind "compose": a stack of containers on one Docker engine."""

    kind: Literal["compose"] = Field(
        default="compose", description="Kind of target. Default: the name of the table."
    )
    profile: Profile = Field(
        default="chat",
        description="What runs beside the API: nothing (chat), LiteLLM (router), LiteLLM, Qdrant, "
        "MLflow, Prometheus and Grafana (production), or vLLM, TEI and LiteLLM (gpu-stack).",
    )
    stand_alone: bool = Field(
        default=False,
        description="Whether the API, or LiteLLM as the project's own image, runs without anything "
        "outside this stack, to try it and to test it: answers are canned, and none of the other "
        "secrets is needed.",
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
    grafana_port: Port = Field(
        default=3000, description="Port of Grafana, on 127.0.0.1 of the engine's machine."
    )
    mlflow_port: Port = Field(
        default=5000, description="Port of MLflow, on 127.0.0.1 of the engine's machine."
    )
    vllm: ModelServer = Field(
        default=ModelServer(), description="The chat model of the profile gpu-stack."
    )
    tei: ModelServer = Field(
        default=ModelServer(),
        description="The embedding model of the profile gpu-stack (default: BAAI/bge-m3), or of "
        "another one with LiteLLM where a model is named.",
    )

    @model_validator(mode="after")
    def _has_what_runs(self) -> Self:
        if self.profile == "gpu-stack" and self.vllm.model is None:
            raise ValueError('has profile = "gpu-stack", which needs `vllm.model`')
        if self.stand_alone and self.profile != "chat":
            raise ValueError('has `stand_alone`, which goes with profile = "chat"')
        if any(map(is_moving, self.images.values())):
            raise ValueError("has an image :latest; that is another image every time")
        return self
