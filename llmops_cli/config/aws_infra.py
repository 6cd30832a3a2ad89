"""`[targets.NAME.infra]` of a target on AWS: what `llmops infra apply` makes for it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from llmops_cli.config.aws_infra_data import Postgres, Redis
from llmops_cli.config.fields import Rule
from llmops_cli.config.infra_fields import (
    Cidr,
    DnsName,
    Email,
    Environment,
    GitHubId,
    GitHubRepository,
    Network,
)
from llmops_cli.config.table import Table

Certificate = Annotated[
    str,
    Rule(
        r"^arn:[a-z0-9-]+:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9A-Za-z-]{1,64}$",
        "the ARN of a certificate of ACM",
    ),
]
HealthPath = Annotated[str, Rule(r"^/[A-Za-z0-9._/-]{0,200}$", "a path, such as /health")]
Cidrs = Annotated[tuple[Cidr, ...], Field(strict=False)]
#: Whoever there is.
EVERYBODY = "0.0.0.0/0"


class AwsInfra(Table):
    """What is made for a target of kind "aws"."""

    profile: Literal["production", "cheap"] = Field(
        default="production",
        description='What the keys below default to: "production", or "cheap", which has no NAT '
        "gateway, no firewall, no measures of each task and the smallest sizes.",
    )
    domain: DnsName | None = Field(
        default=None, description="Name that the API answers under. Default: none, and no TLS."
    )
    zone: DnsName | None = Field(
        default=None,
        description="Hosted zone of Route 53 that the domain is in: the certificate is proven and "
        "the record is made there. Default: none, the domain is pointed here by hand.",
    )
    make_zone: bool = Field(
        default=False, description="Whether that hosted zone is made. Default: it is there."
    )
    certificate: Certificate | None = Field(
        default=None, description="Certificate for the domain. Default: one is made."
    )
    networks: Cidrs = Field(
        default=(),
        description="Networks that may reach the API. Default: everybody where there is a domain, "
        "nobody where there is none.",
    )
    test_networks: Cidrs = Field(
        default=(),
        description="Networks that may reach a release before it has traffic, on a port of its "
        "own; releases are then deployed blue/green. Default: none, releases roll.",
    )
    health_path: HealthPath | None = Field(
        default=None,
        description="Path that the load balancer asks: it needs no key and calls no model. "
        "Default: that of what is served.",
    )
    answer_seconds: int | None = Field(
        default=None,
        ge=1,
        le=3990,
        description="Seconds that the longest answer takes; the load balancer waits that long. "
        "Default: `api.request_seconds`, and at least 300.",
    )
    network: Network = Field(
        default="10.60.0.0/16", description="Addresses of the network that is made."
    )
    zones: Literal[2, 3] = Field(default=2, description="Zones that subnets are in.")
    nat: Literal["none", "one", "per-zone"] | None = Field(
        default=None,
        description='How tasks reach the internet: "one" gateway, one "per-zone", or "none" and '
        'public addresses of their own. Default: "one"; "none" if cheap.',
    )
    private_endpoints: bool = Field(
        default=False,
        description="Whether registry, secrets and logs are reached without the internet; about "
        "60 dollars a month in two zones.",
    )
    spot: bool = Field(
        default=False,
        description="Whether tasks run on spare capacity, which costs a third and which AWS takes "
        "back with two minutes' notice. Decided when the service is made.",
    )
    waf: bool | None = Field(
        default=None,
        description="Whether a firewall looks at requests. Default: yes; no if cheap.",
    )
    rate_limit: int = Field(
        default=2000,
        ge=10,
        le=2000000000,
        description="Requests that one address may make in five minutes, before the firewall.",
    )
    deletion_protection: bool | None = Field(
        default=None,
        description="Whether load balancer, database, and a bucket or registry that is not empty "
        "refuse to be destroyed. Default: yes; no if cheap.",
    )
    registry_keep: int = Field(
        default=10,
        ge=1,
        le=1000,
        description="Images without a tag that the registry keeps. Releases have tags, and none "
        "of them is removed.",
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
    make_github_provider: bool = Field(
        default=True,
        description="Whether the account's trust in GitHub is made. An account has only one: false "
        "where it is there.",
    )
    alert_email: Email | None = Field(
        default=None, description="Where alarms and the budget's warnings go."
    )
    latency_seconds: int = Field(
        default=60, ge=1, description="Seconds that 95 of 100 answers begin within, or a mail goes."
    )
    monthly_budget: int | None = Field(
        default=None,
        ge=1,
        description="What a month may cost, in US dollars; warnings from 80 %.",
    )
    log_retention_days: Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 180, 365, 400, 545, 731] = Field(
        default=30, description="Days that logs are kept."
    )
    postgres: Postgres | None = Field(
        default=None, description="A PostgreSQL server. Default: none."
    )
    redis: Redis | None = Field(
        default=None, description="A Valkey, which speaks as Redis does. Default: none."
    )

    @property
    def is_cheap(self) -> bool:
        """Whether as little as possible is made."""
        return self.profile == "cheap"

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if (self.owner_id is None) != (self.repository_id is None):
            raise ValueError("has one of `owner_id` and `repository_id`: they go together")
        if self.owner_id is not None and self.repository is None:
            raise ValueError("has `owner_id` without `repository`")
        if self.monthly_budget is not None and self.alert_email is None:
            raise ValueError("has `monthly_budget` without `alert_email`, which is told")
        return self

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.domain is None:
            if self.zone or self.certificate:
                raise ValueError("has `zone` or `certificate` without the `domain` they are for")
            if EVERYBODY in (*self.networks, *self.test_networks):
                raise ValueError("has no `domain`, so no TLS: `networks` must not be everybody")
        elif self.zone is None and self.certificate is None:
            raise ValueError("has `domain` without `zone` or `certificate`, which prove it")
        elif self.zone and self.domain != self.zone and not self.domain.endswith(f".{self.zone}"):
            raise ValueError("has a `domain` that is not in the `zone`")
        if self.make_zone and self.zone is None:
            raise ValueError("has `make_zone` without `zone`")
        return self
