"""Target of kind "host": releases run under systemd on Linux servers that SSH reaches."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from llmops_cli.config.compose_target import Memory, ModelServer, Profile, Service
from llmops_cli.config.fields import (
    HttpAddress,
    Port,
    ProjectPath,
    Rule,
    SecretName,
    Text,
)
from llmops_cli.config.image import Reference, is_moving
from llmops_cli.config.table import Table
from llmops_cli.config.target import TargetSettings

SshHost = Annotated[
    str,
    Rule(
        r"^([A-Za-z0-9_][A-Za-z0-9_.-]{0,31}@)?[A-Za-z0-9][A-Za-z0-9.:_-]{0,252}$",
        "a host as ssh takes it, such as deploy@api.example.com or an alias of ~/.ssh/config",
    ),
]
ServerName = Annotated[
    str,
    Rule(
        r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$",
        "a host name in lower case, such as api.example.com",
    ),
]
AppName = Annotated[
    str,
    Rule(
        r"^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$",
        "1 to 32 lowercase letters, digits and dashes, as names of users are",
    ),
]
HostPath = Annotated[
    str, Rule(r"^/[A-Za-z0-9._/@+-]{1,250}$", "an absolute path on the host, without spaces")
]
Program = Annotated[
    str, Rule(r"^(/[A-Za-z0-9._/@+-]{1,250}|[A-Za-z0-9._+-]{1,60})$", "a program, or its path")
]


class HostStack(Table):
    """Models and gateways in containers on the host, which only the host itself reaches."""

    profile: Profile = Field(
        default="gpu-stack",
        description="What runs: LiteLLM (router), LiteLLM, Qdrant, MLflow, Prometheus and Grafana "
        "(production), or vLLM, TEI and LiteLLM (gpu-stack).",
    )
    litellm: ProjectPath = Field(default="litellm.yaml", description="LiteLLM's configuration.")
    litellm_port: Port = Field(
        default=4000, description="Port of LiteLLM, on 127.0.0.1 of the host."
    )
    qdrant_port: Port = Field(default=6333, description="Port of Qdrant, on 127.0.0.1 of the host.")
    mlflow_port: Port = Field(default=5000, description="Port of MLflow, on 127.0.0.1 of the host.")
    grafana_port: Port = Field(
        default=3000, description="Port of Grafana, on 127.0.0.1 of the host."
    )
    images: Annotated[dict[Service, Reference], Field(strict=False)] = Field(
        default_factory=dict, description="Other images for services, by service."
    )
    vllm: ModelServer = Field(default=ModelServer(), description="The chat model of gpu-stack.")
    tei: ModelServer = Field(default=ModelServer(), description="The embedding model.")

    @model_validator(mode="after")
    def _has_what_runs(self) -> Self:
        if self.profile == "chat":
            raise ValueError('has profile = "chat", which runs nothing; leave `stack` out')
        if self.profile == "gpu-stack" and self.vllm.model is None:
            raise ValueError('has profile = "gpu-stack", which needs `vllm.model`')
        if any(map(is_moving, self.images.values())):
            raise ValueError("has an image :latest; that is another image every time")
        return self


class HostTarget(TargetSettings):
    """Target of kind "host": releases run under systemd, behind nginx, on servers over SSH."""

    kind: Literal["host"] = Field(
        default="host", description="Kind of target. Default: the name of the table."
    )
    hosts: Annotated[tuple[SshHost, ...], Field(strict=False, min_length=1, max_length=50)] = Field(
        description="Servers, as ssh takes them: user@host, or an alias of ~/.ssh/config."
    )
    server_name: ServerName = Field(description="Host name under which clients ask.")
    app: AppName | None = Field(
        default=None,
        description="Name of the service, its user and its folders on the hosts. Default: the "
        "project's name.",
    )
    ssh_config: ProjectPath | None = Field(
        default=None, description="Configuration of ssh to use in the place of ~/.ssh/config."
    )
    known_hosts: ProjectPath | None = Field(
        default=None,
        description="Keys of the hosts, as ssh keeps them, besides those that the user knows.",
    )
    hosts_that_may_fail: int = Field(
        default=0,
        ge=0,
        le=49,
        description="Hosts that need not be reached for a deploy. Default: all must be.",
    )
    port: Port = Field(default=443, description="Port at which nginx serves HTTPS.")
    public_url: HttpAddress | None = Field(
        default=None,
        description="Address at which this machine reaches the API. Default: server_name and port.",
    )
    certificate: Literal["generated", "acme"] | HostPath = Field(
        default="generated",
        description='Certificate of nginx: "generated" (signed by itself, for tests and inside '
        'networks), "acme" (by the ACME client certbot, on the host), or the path of a PEM file '
        "on the host.",
    )
    certificate_key: HostPath | None = Field(
        default=None, description="Path of the certificate's key on the host."
    )
    certificate_secret: SecretName | None = Field(
        default=None,
        description="Secret that holds a PEM file with certificate chain and key, in the place of "
        "`certificate`.",
    )
    ca_file: ProjectPath | None = Field(
        default=None,
        description="Certificates (PEM) of authorities that this machine trusts besides the "
        "system's, where it asks the API.",
    )
    acme_email: Text | None = Field(
        default=None, description="Address that the certificate authority may write to."
    )
    python: Program = Field(
        default="python3", description="Python 3.11 or newer on the hosts, for releases."
    )
    memory: Memory = Field(default="1g", description="Most memory that a release may use.")
    cpus: float | None = Field(
        default=None, gt=0, le=256, description="Most processors of a release. Default: all."
    )
    tasks: int = Field(
        default=512, ge=16, le=65536, description="Most threads and processes of a release."
    )
    requests_per_minute: int = Field(
        default=600,
        ge=0,
        le=1_000_000,
        description="Requests that nginx takes from one address in a minute; 0: any number.",
    )
    stack: HostStack | None = Field(
        default=None, description="Models and gateways in containers behind the API."
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if len(set(self.hosts)) != len(self.hosts):
            raise ValueError("has a host twice in `hosts`")
        if self.hosts_that_may_fail >= len(self.hosts):
            raise ValueError("lets all of its `hosts` fail with `hosts_that_may_fail`")
        if self.stack is not None and len(self.hosts) > 1 and self.stack.profile == "production":
            raise ValueError('has a `stack` of profile "production", whose data one host holds')
        has_path = self.certificate.startswith("/")
        if has_path != (self.certificate_key is not None):
            raise ValueError("needs `certificate_key` with a path in `certificate`, and only then")
        if self.certificate_secret and self.certificate != "generated":
            raise ValueError("has both `certificate` and `certificate_secret`")
        return self

    @property
    def url(self) -> str:
        """The address at which this machine reaches the API."""
        if self.public_url:
            return str(self.public_url).rstrip("/")
        return f"https://{self.server_name}" + ("" if self.port == 443 else f":{self.port}")
