"""Target of kind "azure": a container on App Service."""

from typing import Annotated, Literal

from pydantic import Field

from llmops_cli.config.azure import AzureTarget
from llmops_cli.config.azure_infra import WebappInfra
from llmops_cli.config.fields import Rule

Slot = Annotated[
    str, Rule(r"^(?!production$)[a-z0-9][a-z0-9-]{0,57}$", "the name of a slot, such as staging")
]


class AzureWebappTarget(AzureTarget):
    """Target of kind "azure": a container on App Service."""

    kind: Literal["azure"] = Field(
        default="azure", description="Kind of target. Default: the name of the table."
    )
    slot: Slot = Field(
        default="staging",
        description="Slot that releases are staged in. On a plan without slots the app is changed "
        "in place, which is not without downtime.",
    )
    ready_seconds: float = Field(
        default=600, gt=0, le=3600, description="Seconds that a new release has to become ready."
    )
    infra: WebappInfra | None = Field(
        default=None, description="What `llmops infra` makes. Default: nothing, all is there."
    )
