"""Target of kind "gcp": models deployed to an endpoint of Vertex AI."""

from typing import Annotated, Literal

from pydantic import Field

from llmops_cli.config.fields import Rule
from llmops_cli.config.gcp import GcpTarget
from llmops_cli.config.gcp_infra import GcpInfra

VertexId = Annotated[str, Rule(r"^[a-z0-9][a-z0-9-]{0,62}$", "an id of Vertex AI")]
MachineType = Annotated[
    str,
    Rule(r"^[a-z][a-z0-9]*-[a-z0-9]+(-[a-z0-9]+)*$", "a type of machine, such as n2-standard-2"),
]


class VertexTarget(GcpTarget):
    """Target of kind "gcp": models deployed to an endpoint of Vertex AI."""

    kind: Literal["gcp"] = Field(
        default="gcp", description="Kind of target. Default: the name of the table."
    )
    endpoint: VertexId | None = Field(
        default=None, description="Id of the endpoint. Default: the project's name."
    )
    model: VertexId | None = Field(
        default=None,
        description="Id of the model that releases are versions of. Default: the project's name.",
    )
    machine_type: MachineType = Field(default="n2-standard-2", description="Machine of a replica.")
    accelerator_type: str | None = Field(
        default=None, description="Kind of accelerator, such as NVIDIA_L4. Default: none."
    )
    accelerator_count: int = Field(default=1, ge=1, le=16, description="Accelerators of a replica.")
    min_replicas: int = Field(default=1, ge=1, le=1000, description="Fewest replicas.")
    max_replicas: int = Field(default=2, ge=1, le=1000, description="Most replicas.")
    canary_percent: int = Field(
        default=5,
        ge=1,
        le=50,
        description="Percent of the traffic with which a release is checked: a model without "
        "traffic has no address.",
    )
    warm_seconds: float = Field(
        default=3600,
        ge=0,
        le=604800,
        description="Seconds that the release before the live one stays deployed, and is paid for; "
        "a rollback to it is a change of traffic.",
    )
    ready_seconds: float = Field(
        default=1800, gt=0, le=7200, description="Seconds that a new release has to become ready."
    )
    shared_memory_mb: int | None = Field(
        default=None,
        ge=64,
        le=1_048_576,
        description="MiB of memory that processes of a container share. Default: Google's.",
    )
    infra: GcpInfra | None = Field(
        default=None, description="What `llmops infra` makes. Default: nothing, all is there."
    )
