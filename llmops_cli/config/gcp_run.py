"""Target of kind "gcp-run": revisions of a service on Cloud Run."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from llmops_cli.config.azure_containerapp import Shares
from llmops_cli.config.fields import HttpAddress, Rule
from llmops_cli.config.gcp import GcpTarget
from llmops_cli.config.gcp_infra import GcpInfra

ServiceName = Annotated[
    str, Rule(r"^[a-z]([a-z0-9-]{0,47}[a-z0-9])?$", "a name of Cloud Run, such as chat")
]
Memory = Annotated[str, Rule(r"^[0-9]{1,6}(Mi|Gi)$", "an amount of memory, such as 512Mi or 1Gi")]
Cpu = Annotated[str, Rule(r"^(0\.[0-9]{1,2}|1|2|4|6|8)$", "processors: 0.08 to 8")]


class CloudRunTarget(GcpTarget):
    """Target of kind "gcp-run": revisions of a service on Cloud Run."""

    kind: Literal["gcp-run"] = Field(
        default="gcp-run", description="Kind of target. Default: the name of the table."
    )
    service: ServiceName | None = Field(
        default=None, description="Name of the service. Default: the project's name."
    )
    public_url: HttpAddress | None = Field(
        default=None, description="Public address, if it is another than Google's own."
    )
    public: bool = Field(
        default=True,
        description="Whether anybody may call the service: the API asks for keys itself. False: "
        "Google lets in only whom IAM lets in.",
    )
    cpu: Cpu = Field(default="1", description="Processors of an instance.")
    memory: Memory = Field(default="1Gi", description="Memory of an instance.")
    min_instances: int = Field(default=0, ge=0, le=1000, description="Fewest instances.")
    max_instances: int = Field(default=3, ge=1, le=1000, description="Most instances.")
    concurrency: int = Field(
        default=80, ge=1, le=1000, description="Requests at once that an instance takes."
    )
    request_seconds: int = Field(
        default=600, ge=1, le=3600, description="Seconds after which Google cuts a request."
    )
    traffic_steps: Shares = Field(
        default=(100,),
        description="Percent of the traffic that a new release gets, one after the other; the last "
        "is 100.",
    )
    step_seconds: float = Field(
        default=30, ge=0, le=3600, description="Seconds that each step but the last is watched."
    )
    ready_seconds: float = Field(
        default=600, gt=0, le=3600, description="Seconds that a new release has to become ready."
    )
    drain_seconds: float = Field(
        default=8,
        ge=0,
        le=9,
        description="Seconds that requests under way have to finish once Google ends an instance: "
        "it gives ten. An instance that merely loses the traffic finishes all that it has.",
    )
    infra: GcpInfra | None = Field(
        default=None, description="What `llmops infra` makes. Default: nothing, all is there."
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.min_instances > self.max_instances:
            raise ValueError("has `min_instances` greater than `max_instances`")
        steps = self.traffic_steps
        if not steps or steps[-1] != 100 or list(steps) != sorted(set(steps)):
            raise ValueError("has `traffic_steps` that do not rise to 100")
        return self
