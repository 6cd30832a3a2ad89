"""Target of kind "azure-containerapp": revisions of an app on Azure Container Apps."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from llmops_cli.config.azure import AzureTarget, ResourceName
from llmops_cli.config.azure_infra import ContainerAppInfra
from llmops_cli.config.fields import Rule

Memory = Annotated[str, Rule(r"^[0-9]{1,3}(\.[0-9]{1,2})?Gi$", "an amount of memory, such as 1Gi")]
Shares = Annotated[tuple[Annotated[int, Field(ge=1, le=100)], ...], Field(strict=False)]


class AzureContainerAppTarget(AzureTarget):
    """Target of kind "azure-containerapp": revisions of an app on Azure Container Apps."""

    kind: Literal["azure-containerapp"] = Field(
        default="azure-containerapp", description="Kind of target. Default: the name of the table."
    )
    environment: ResourceName | None = Field(
        default=None, description="Container Apps environment that the app is in."
    )
    cpu: float = Field(default=0.5, gt=0, le=128, description="Processors of a replica.")
    memory: Memory = Field(default="1Gi", description="Memory of a replica.")
    min_replicas: int = Field(default=1, ge=0, le=1000, description="Fewest replicas.")
    max_replicas: int = Field(default=3, ge=1, le=1000, description="Most replicas.")
    concurrent_requests: int | None = Field(
        default=20, ge=1, le=10000, description="Requests at once that a replica is meant for."
    )
    cpu_percent: int | None = Field(
        default=70, ge=1, le=100, description="Load of its processors that a replica is meant for."
    )
    traffic_steps: Shares = Field(
        default=(100,),
        description="Percent of the traffic that a new release gets, one after the other; the last "
        "is 100.",
    )
    step_seconds: float = Field(
        default=30, ge=0, le=3600, description="Seconds that each step but the last is watched."
    )
    warm_seconds: float = Field(
        default=3600,
        ge=0,
        le=604800,
        description="Seconds that the release before the live one keeps its replicas; a rollback "
        "to it is a change of traffic.",
    )
    ready_seconds: float = Field(
        default=600, gt=0, le=3600, description="Seconds that a new release has to become ready."
    )
    infra: ContainerAppInfra | None = Field(
        default=None, description="What `llmops infra` makes. Default: nothing, all is there."
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise ValueError("has `min_replicas` greater than `max_replicas`")
        steps = self.traffic_steps
        if not steps or steps[-1] != 100 or list(steps) != sorted(set(steps)):
            raise ValueError("has `traffic_steps` that do not rise to 100")
        return self
