"""`[targets.NAME.infra]` of a target on Google Cloud: what `llmops infra apply` makes for it."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from llmops_cli.config.fields import Rule
from llmops_cli.config.infra_fields import Email, Environment, GitHubId, GitHubRepository
from llmops_cli.config.table import Table

BillingAccount = Annotated[
    str, Rule(r"^[0-9A-F]{6}(-[0-9A-F]{6}){2}$", "a billing account: 012345-6789AB-CDEF01")
]


class GcpInfra(Table):
    """What is made for a target of either kind on Google Cloud."""

    repository: GitHubRepository | None = Field(
        default=None, description="Repository on GitHub whose workflow may deploy, owner/name."
    )
    owner_id: GitHubId | None = Field(
        default=None,
        description="Number of its owner: gh api repos/OWNER/NAME --jq .owner.id. A name can come "
        "to be somebody else's, and a number cannot.",
    )
    repository_id: GitHubId | None = Field(
        default=None, description="Number of the repository: gh api repos/OWNER/NAME --jq .id"
    )
    github_environments: Annotated[tuple[Environment, ...], Field(strict=False)] = Field(
        default=(),
        description="Environments of GitHub whose jobs may deploy. Default: the target's name.",
    )
    enable_apis: bool = Field(
        default=True,
        description="Whether the interfaces of Google that are needed are switched on. False where "
        "somebody else does that.",
    )
    registry_days: int = Field(
        default=14,
        ge=1,
        le=3650,
        description="Days that images without a tag are kept. Releases have tags, and none of them "
        "is removed.",
    )
    alert_email: Email | None = Field(
        default=None, description="Where alerts and the budget's warnings go."
    )
    errors_percent: int = Field(
        default=5, ge=1, le=100, description="Percent of errors among the answers, or a mail goes."
    )
    latency_seconds: int = Field(
        default=60, ge=1, description="Seconds that 95 of 100 answers stay below, or a mail goes."
    )
    monthly_budget: int | None = Field(
        default=None,
        ge=1,
        description="What a month may cost, in the currency of the billing account; warnings from "
        "80 %.",
    )
    billing_account: BillingAccount | None = Field(
        default=None, description="Billing account that the budget is made in."
    )

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        of_github = (self.repository, self.owner_id, self.repository_id)
        if any(one is not None for one in of_github) and None in of_github:
            raise ValueError(
                "has some of `repository`, `owner_id` and `repository_id`, which go together: "
                "gh api repos/OWNER/NAME --jq '.owner.id, .id'"
            )
        if self.monthly_budget is not None and None in (self.alert_email, self.billing_account):
            raise ValueError(
                "has `monthly_budget` without `alert_email`, which is told, or `billing_account`"
            )
        return self
