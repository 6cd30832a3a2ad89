"""What targets have in common, and the `local` kind."""

from typing import Literal

from pydantic import Field

from llmops_cli.config.fields import Host, Name, Port
from llmops_cli.config.table import Table


class TargetSettings(Table):
    """Keys that a target of any kind takes."""

    kind: str = Field(description="Kind of target. Default: the name of the table.")
    extends: Name | None = Field(default=None, description="Target whose keys this one inherits.")
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


class ListeningTarget(TargetSettings):
    """Keys of a target that listens at an address which the project chooses."""

    host: Host = Field(default="127.0.0.1", description="Address to listen on.")
    port: Port = Field(default=8000, description="Public port.")


class LocalTarget(ListeningTarget):
    """Target of kind "local": releases run as processes on this machine."""

    kind: Literal["local"] = Field(
        default="local", description="Kind of target. Default: the name of the table."
    )
    stand_alone: bool = Field(
        default=False,
        description="Whether the API runs without anything outside this machine, to try it and to "
        "test it: it answers with the built-in demo model, keeps sessions in a file of its own, "
        "and needs none of the other secrets.",
    )
