"""`[targets.NAME.infra]` of a target on Azure: what `llmops infra apply` makes for it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from llmops_cli.config.fields import Rule
from llmops_cli.config.infra_fields import (
    Email,
    Environment,
    GitHubId,
    GitHubRepository,
    Network,
)
from llmops_cli.config.table import Table

Location = Annotated[
    str, Rule(r"^[a-z][a-z0-9]{2,39}$", "a region as Azure writes it, such as westeurope")
]
ObjectId = Annotated[
    str,
    Rule(
        r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        "the object id of a user or a group, such as 00000000-0000-0000-0000-000000000000",
    ),
]
QueueName = Annotated[
    str,
    Rule(r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,48}[A-Za-z0-9])?$", "the name of a queue"),
]
NameSuffix = Annotated[str, Rule(r"^[a-z0-9]{4,8}$", "4 to 8 lowercase letters and digits")]


class Postgres(Table):
    """A PostgreSQL server that only the app's network reaches; its address goes to the vault."""

    sku: Annotated[
        str,
        Rule(r"^(B|GP|MO)_Standard_[A-Za-z0-9_]{2,40}$", "a size, such as B_Standard_B1ms"),
    ] = Field(default="B_Standard_B1ms", description="Size of the server.")
    version: Literal["14", "15", "16", "17"] = Field(
        default="17", description="Major version of PostgreSQL."
    )
    storage_mb: Literal[
        32768, 65536, 131072, 262144, 524288, 1048576, 2097152, 4194304, 8388608
    ] = Field(default=32768, description="Storage in MiB; it grows by itself.")
    backup_days: int = Field(default=7, ge=7, le=35, description="Days that backups are kept.")
    high_availability: bool = Field(
        default=False, description="Whether a standby in another zone takes over. Not on B sizes."
    )

    @model_validator(mode="after")
    def _can_be_available(self) -> Self:
        if self.high_availability and self.sku.startswith("B_"):
            raise ValueError("has `high_availability`, which sizes that begin with B_ do not have")
        return self


class Redis(Table):
    """An Azure Managed Redis that only the app's network and identity reach."""

    sku: Annotated[
        str,
        Rule(
            r"^(Balanced|MemoryOptimized|ComputeOptimized)_[A-Z][0-9]{1,3}$",
            "a size, such as Balanced_B0",
        ),
    ] = Field(default="Balanced_B0", description="Size of the cache.")
    high_availability: bool = Field(default=True, description="Whether it has a replica.")


class ServiceBus(Table):
    """A Service Bus namespace; the app's identity may send and receive, and nobody has a key."""

    sku: Literal["Basic", "Standard"] = Field(default="Standard", description="Tier.")
    queues: Annotated[tuple[QueueName, ...], Field(strict=False)] = Field(
        default=("jobs",), description="Queues."
    )


class AzureInfra(Table):
    """What both kinds have: `llmops infra` renders the variables of Terraform from these."""

    location: Location = Field(description="Region of everything that is made.")
    registry_sku: Literal["Basic", "Standard", "Premium"] = Field(
        default="Basic", description="Tier of the container registry."
    )
    registry_retention_days: int | None = Field(
        default=None,
        ge=1,
        le=365,
        description="Days after which the registry removes images that have no tag. Only on "
        "Premium. Releases have tags, so that none is removed that can be gone back to.",
    )
    name_suffix: NameSuffix | None = Field(
        default=None,
        description="End of the names that are unique in all of Azure. Default: made from the "
        "subscription and the resource group.",
    )
    operators: Annotated[tuple[ObjectId, ...], Field(strict=False)] = Field(
        default=(),
        description="Object ids of who may set secrets and change the infrastructure; with a "
        "database, whoever applies must be among them. Default: whoever applies first.",
    )
    repository: GitHubRepository | None = Field(
        default=None, description="Repository on GitHub whose workflow may deploy, owner/name."
    )
    owner_id: GitHubId | None = Field(
        default=None,
        description="Number of its owner. Repositories made, renamed or transferred since July "
        "2026 name themselves with numbers: gh api repos/OWNER/NAME --jq .owner.id",
    )
    repository_id: GitHubId | None = Field(
        default=None, description="Number of the repository: gh api repos/OWNER/NAME --jq .id"
    )
    github_environments: Annotated[tuple[Environment, ...], Field(strict=False)] = Field(
        default=(),
        description="Environments of GitHub whose jobs may deploy. Default: the target's name.",
    )
    alert_email: Email | None = Field(
        default=None, description="Where alerts and the budget's warnings go."
    )
    monthly_budget: int | None = Field(
        default=None,
        ge=1,
        description="What a month may cost, in the subscription's currency; warnings from 80 %.",
    )
    log_retention_days: int = Field(
        default=30, ge=30, le=730, description="Days that logs are kept."
    )
    network: Network = Field(
        default="10.60.0.0/16", description="Addresses of the network that is made."
    )
    postgres: Postgres | None = Field(
        default=None, description="A PostgreSQL server. Default: none."
    )
    redis: Redis | None = Field(default=None, description="A Redis. Default: none.")
    service_bus: ServiceBus | None = Field(
        default=None, description="A Service Bus. Default: none."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if (self.owner_id is None) != (self.repository_id is None):
            raise ValueError("has one of `owner_id` and `repository_id`: they go together")
        if self.owner_id is not None and self.repository is None:
            raise ValueError("has `owner_id` without `repository`")
        if self.monthly_budget is not None and self.alert_email is None:
            raise ValueError("has `monthly_budget` without `alert_email`, which is told")
        if self.registry_retention_days is not None and self.registry_sku != "Premium":
            raise ValueError('has `registry_retention_days`, which needs `registry_sku` "Premium"')
        return self


class WebappInfra(AzureInfra):
    """What is made for a target of kind "azure"."""

    plan: Annotated[
        str,
        Rule(
            r"^(B[1-3]|S[1-3]|P[0-3]v3|P[1-5]mv3|P[0-3]v4|P[1-5]mv4)$",
            "a plan, such as S1, B1 or P0v3",
        ),
    ] = Field(
        default="S1",
        description="Plan of App Service. Those that begin with B have no slots: a deploy there "
        "is not without downtime.",
    )
    instances: int = Field(default=1, ge=1, le=30, description="Instances of the plan.")


class Weaviate(Table):
    """A Weaviate in the app's environment: one replica, its data on a share, a key in the vault."""

    image: Annotated[
        str,
        Rule(
            r"^[a-z0-9][a-zA-Z0-9._/-]*(:[0-9][A-Za-z0-9_.-]{0,60})?(@sha256:[0-9a-f]{64})?$",
            "an image with a version or a digest",
        ),
    ] = Field(
        default="cr.weaviate.io/semitechnologies/weaviate:1.32.4", description="Image of Weaviate."
    )
    storage_gb: int = Field(default=100, ge=100, le=102400, description="Size of the share in GiB.")


class ContainerAppInfra(AzureInfra):
    """What is made for a target of kind "azure-containerapp"."""

    weaviate: Weaviate | None = Field(default=None, description="A Weaviate. Default: none.")
