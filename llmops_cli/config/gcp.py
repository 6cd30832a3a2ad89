"""What targets on Google Cloud have in common."""

from typing import Annotated, Literal

from pydantic import Field

from llmops_cli.config.fields import HttpAddress, Rule
from llmops_cli.config.table import Table
from llmops_cli.config.target import TargetSettings

ProjectId = Annotated[
    str, Rule(r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$", "the id of a project, such as my-project-123")
]
Location = Annotated[
    str, Rule(r"^[a-z]+(-[a-z]+)*-?[a-z]*[0-9]{1,2}$", "a region, such as europe-west4")
]
Bucket = Annotated[
    str, Rule(r"^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", "the name of a bucket, such as chat-llmops")
]
ServiceAccount = Annotated[
    str,
    Rule(
        r"^[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z0-9.-]+\.gserviceaccount\.com$",
        "the e-mail address of a service account",
    ),
]
SecretPrefix = Annotated[
    str, Rule(r"^[A-Za-z][A-Za-z0-9_-]{0,100}$", "how names in Secret Manager may begin")
]


class Endpoints(Table):
    """Addresses of Google Cloud that differ from its own, such as those of a private network."""

    aiplatform: HttpAddress | None = Field(default=None, description="Vertex AI.")
    prediction: HttpAddress | None = Field(
        default=None, description="Where endpoints of Vertex AI answer."
    )
    run: HttpAddress | None = Field(default=None, description="Cloud Run.")
    secretmanager: HttpAddress | None = Field(default=None, description="Secret Manager.")
    storage: HttpAddress | None = Field(default=None, description="Cloud Storage.")
    logging: HttpAddress | None = Field(default=None, description="Cloud Logging.")
    registry: HttpAddress | None = Field(
        default=None,
        description="A registry of Google Cloud with another name. It gets to see the account's "
        "token.",
    )


class GcpTarget(TargetSettings):
    """Keys that a target of either kind on Google Cloud takes.

    What `llmops infra apply` makes it also writes here; without it, name what is there already.
    """

    project: ProjectId | None = Field(default=None, description="Project of everything.")
    location: Location | None = Field(default=None, description="Region of everything.")
    bucket: Bucket | None = Field(
        default=None, description="Bucket that holds the lock and the history of releases."
    )
    service_account: ServiceAccount | None = Field(
        default=None, description="Service account that releases run as."
    )
    secret_prefix: SecretPrefix | None = Field(
        default=None,
        description="How names begin in Secret Manager. Default: the project's name and -.",
    )
    credential: Literal["auto", "gcloud"] = Field(
        default="auto",
        description='How the command line proves who it is: "auto" is Application Default '
        'Credentials, and gcloud where there are none; "gcloud" is gcloud alone.',
    )
    endpoints: Endpoints = Field(
        default=Endpoints(), description="Addresses of Google Cloud that differ from its own."
    )
    operation_seconds: float = Field(
        default=3600, gt=0, le=7200, description="Seconds that one operation of Google may take."
    )
    bake_seconds: float = Field(
        default=0,
        ge=0,
        le=3600,
        description="Seconds that a new release is watched with all the traffic, before the deploy "
        "counts as good.",
    )
