"""What a project file says: every table and key, with its meaning and its default."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from llmops_cli.config.api import Api
from llmops_cli.config.fields import (
    Host,
    Name,
    Port,
    ProjectPath,
    SecretNames,
)
from llmops_cli.config.table import Table


class Secrets(Table):
    """Names of secrets; values never live in the project file."""

    required: SecretNames = Field(
        default=(),
        description="Secrets that must be set before a deploy, besides those of upstreams.",
    )


class Checks(Table):
    """How a release is verified."""

    evals: ProjectPath = Field(default="evals", description="Folder of golden prompts (*.toml).")
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


class LocalTarget(Table):
    """Target of kind "local": releases run as processes on this machine."""

    kind: Literal["local"] = Field(
        default="local", description="Kind of target. Default: the name of the table."
    )
    extends: Name | None = Field(default=None, description="Target whose keys this one inherits.")
    host: Host = Field(default="127.0.0.1", description="Address to listen on.")
    port: Port = Field(default=8000, description="Public port.")
    keep: int = Field(
        default=5,
        ge=1,
        le=100,
        description="Releases kept besides the live one and the named ones.",
    )
    ready_seconds: float = Field(
        default=60, gt=0, le=3600, description="Seconds that a new release has to become ready."
    )
    drain_seconds: float = Field(
        default=300, ge=0, le=86400, description="Seconds that requests under way have to finish."
    )


class Config(Table):
    """A project file, read and valid. ``targets`` is never empty."""

    name: Name = Field(description="Name of the project.")
    default_target: Name | None = Field(
        default=None, description="Target of commands that are run without -t."
    )
    api: Api = Field(default=Api(), description="The API that a release serves.")
    secrets: Secrets = Field(
        default=Secrets(), description="Names of secrets; values never live here."
    )
    checks: Checks = Field(default=Checks(), description="How a release is verified.")
    targets: Mapping[Name, LocalTarget] = Field(
        default_factory=lambda: {"local": LocalTarget()},
        description='Places where releases run, by name. Default: one, "local".',
    )
