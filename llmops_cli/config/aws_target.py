"""Target of kind "aws": a service on ECS Fargate, and what any part of AWS is asked as."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from llmops_cli.config.aws_infra import AwsInfra
from llmops_cli.config.fields import HttpAddress, Rule
from llmops_cli.config.target import TargetSettings

Region = Annotated[str, Rule(r"^[a-z]{2}(-[a-z]+)+-[0-9]$", "a region, such as eu-west-1")]
AccountId = Annotated[str, Rule(r"^[0-9]{12}$", "the number of an account: 12 digits")]
EcsName = Annotated[
    str, Rule(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,254}$", "a name of ECS: letters, digits, _ and -")
]
Bucket = Annotated[
    str, Rule(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", "the name of a bucket, such as chat-llmops")
]
Arn = Annotated[
    str, Rule(r"^arn:[a-z0-9-]+:[a-z0-9-]+:[a-z0-9-]*:[0-9]{0,12}:[^\s]{1,400}$", "an ARN")
]
Profile = Annotated[str, Rule(r"^[A-Za-z0-9_.@+=,-]{1,64}$", "the name of a profile of AWS")]
SecretPrefix = Annotated[
    str, Rule(r"^[A-Za-z0-9/_+=.@-]{1,200}$", "how names in Secrets Manager may begin")
]

#: Memory in MiB that goes with units of processor on Fargate: the least, the most, and the step.
#: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
FARGATE = {
    256: (512, 2048, 0),
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024),
    8192: (16384, 61440, 4096),
    16384: (32768, 122880, 8192),
}


class AwsTarget(TargetSettings):
    """Target of kind "aws": a service on ECS Fargate.

    What `llmops infra apply` makes it also writes here; without it, name what is there already.
    """

    kind: Literal["aws"] = Field(
        default="aws", description="Kind of target. Default: the name of the table."
    )
    region: Region | None = Field(default=None, description="Region of everything.")
    account: AccountId | None = Field(
        default=None, description="Account of everything; another one's credentials are refused."
    )
    profile: Profile | None = Field(
        default=None, description="Profile of AWS that the command line uses. Default: its chain."
    )
    cluster: EcsName | None = Field(
        default=None, description="Cluster of ECS. Default: the project's name."
    )
    service: EcsName | None = Field(
        default=None, description="Service of ECS. Default: the project's name."
    )
    bucket: Bucket | None = Field(
        default=None, description="Bucket that holds the lock and the history of releases."
    )
    secret_prefix: SecretPrefix | None = Field(
        default=None,
        description="How names begin in Secrets Manager. Default: the project's name and /.",
    )
    execution_role: Arn | None = Field(
        default=None, description="Role that pulls the image and reads the secrets for a task."
    )
    task_role: Arn | None = Field(default=None, description="Role that the API itself has.")
    log_group: str | None = Field(
        default=None, description="Log group of CloudWatch. Default: /ecs/ and the project's name."
    )
    public_url: HttpAddress | None = Field(
        default=None, description="Public address: that of the load balancer, or a name for it."
    )
    test_url: HttpAddress | None = Field(
        default=None,
        description="Address of the load balancer's test listener, where a release is checked "
        "before it has traffic. Default: none, releases roll.",
    )
    architecture: Literal["x86_64", "arm64"] = Field(
        default="x86_64", description="Processors that tasks run on."
    )
    cpu: Literal[256, 512, 1024, 2048, 4096, 8192, 16384] = Field(
        default=512, description="Units of processor of a task; 1024 are one."
    )
    memory: int = Field(default=1024, ge=512, description="Memory of a task in MiB.")
    min_tasks: int = Field(default=1, ge=1, le=1000, description="Fewest tasks.")
    max_tasks: int = Field(default=2, ge=1, le=1000, description="Most tasks.")
    cpu_percent: int = Field(
        default=70, ge=1, le=100, description="Load of its processors that a task is meant for."
    )
    ready_seconds: float = Field(
        default=600, gt=0, le=3600, description="Seconds that a new release has to become ready."
    )
    drain_seconds: float = Field(
        default=110,
        ge=0,
        le=110,
        description="Seconds that requests under way have to finish; Fargate gives a task 120.",
    )
    operation_seconds: float = Field(
        default=900, gt=0, le=7200, description="Seconds that one operation of AWS may take."
    )
    bake_seconds: float = Field(
        default=0,
        ge=0,
        le=3600,
        description="Seconds that a new release is watched with all the traffic, before the deploy "
        "counts as good.",
    )
    infra: AwsInfra | None = Field(
        default=None, description="What `llmops infra` makes. Default: nothing, all is there."
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.min_tasks > self.max_tasks:
            raise ValueError("has `min_tasks` greater than `max_tasks`")
        least, most, step = FARGATE[self.cpu]
        fits = least <= self.memory <= most
        fits = (
            fits and (self.memory - least) % step == 0 if step else self.memory in (512, 1024, 2048)
        )
        if not fits:
            raise ValueError(f"has `memory` that Fargate does not give with `cpu` {self.cpu}")
        return self
