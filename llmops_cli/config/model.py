"""What a project file says: every table and key, with its meaning and its default."""

from collections.abc import Mapping

from pydantic import Field

from llmops_cli.config.api import Api
from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.config.compose_target import ComposeTarget
from llmops_cli.config.fields import Name, ProjectPath, SecretNames, Text
from llmops_cli.config.gcp_run import CloudRunTarget
from llmops_cli.config.gcp_vertex import VertexTarget
from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.image import ImageSettings
from llmops_cli.config.table import Table
from llmops_cli.config.target import LocalTarget


class Secrets(Table):
    """Names of secrets; values never live in the project file."""

    required: SecretNames = Field(
        default=(),
        description="Secrets that must be set before a deploy, besides those of upstreams.",
    )


class Checks(Table):
    """How a release is verified."""

    evals: ProjectPath = Field(default="evals", description="Folder of golden prompts (*.toml).")
    model: Text | None = Field(
        default=None,
        description="Model that the checks ask. Default: that of [api], or the first one listed.",
    )
    timeout_seconds: float = Field(
        default=10, gt=0, le=600, description="Seconds that one answer may take."
    )
    recall: bool = Field(
        default=True,
        description="Whether the model must be able to repeat what it was told. False for one "
        "that cannot; that the history is kept is checked all the same.",
    )
    confirmations: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="Answers in a row from the public address that must carry the new release.",
    )


class Config(Table):
    """A project file, read and valid. ``targets`` is never empty."""

    name: Name = Field(description="Name of the project.")
    default_target: Name | None = Field(
        default=None, description="Target of commands that are run without -t."
    )
    api: Api = Field(default=Api(), description="The API that a release serves.")
    image: ImageSettings = Field(
        default=ImageSettings(),
        description="The container image of a release, on targets that run images.",
    )
    secrets: Secrets = Field(
        default=Secrets(), description="Names of secrets; values never live here."
    )
    checks: Checks = Field(default=Checks(), description="How a release is verified.")
    targets: Mapping[
        Name,
        LocalTarget
        | ComposeTarget
        | HostTarget
        | AzureWebappTarget
        | AzureContainerAppTarget
        | AwsTarget
        | VertexTarget
        | CloudRunTarget,
    ] = Field(
        default_factory=lambda: {"local": LocalTarget()},
        description='Places where releases run, by name. Default: one, "local".',
    )
