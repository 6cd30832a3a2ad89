"""What targets on Azure have in common: where Azure is, who asks, and what the app runs as."""

from typing import Annotated, Literal

from pydantic import Field

from llmops_cli.config.fields import HttpAddress, Rule
from llmops_cli.config.table import Table
from llmops_cli.config.target import TargetSettings

Uuid = Annotated[
    str,
    Rule(
        r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
        "an id such as 00000000-0000-0000-0000-000000000000",
    ),
]
ResourceName = Annotated[
    str,
    Rule(r"^[A-Za-z0-9][A-Za-z0-9._()-]{0,88}[A-Za-z0-9_()-]$", "the name of a resource of Azure"),
]
ResourceId = Annotated[
    str,
    Rule(
        r"^/subscriptions/[0-9a-fA-F-]{36}/[^\s]{1,400}$",
        "the id of a resource, /subscriptions/…/resourceGroups/…/providers/…",
    ),
]
#: How the command line proves who it is; ``auto`` takes the first of the others that is there.
CredentialKind = Literal[
    "auto", "workload-identity", "github", "client-secret", "cli", "managed-identity"
]
SecretPrefix = Annotated[
    str, Rule(r"^[a-z][a-z0-9-]{0,30}-$", "lowercase letters, digits and dashes, a dash at the end")
]


class Endpoints(Table):
    """Addresses and audiences of an Azure that is none of the known clouds, or has private ones."""

    authority: HttpAddress | None = Field(default=None, description="Entra ID, which gives tokens.")
    resource_manager: HttpAddress | None = Field(
        default=None, description="Azure Resource Manager, which all resources are asked through."
    )
    resource_manager_audience: HttpAddress | None = Field(
        default=None, description="Whom tokens for Resource Manager are for."
    )
    registry_audience: HttpAddress | None = Field(
        default=None, description="Whom tokens for container registries are for."
    )


class AzureTarget(TargetSettings):
    """Keys that a target of either Azure kind takes.

    What `llmops infra apply` makes it also writes here; without it, name what is there already.
    """

    tenant: Uuid | None = Field(default=None, description="Tenant of Entra ID.")
    subscription: Uuid | None = Field(default=None, description="Subscription of the app.")
    resource_group: ResourceName | None = Field(
        default=None, description="Resource group of the app."
    )
    app: ResourceName | None = Field(
        default=None, description="Name of the app. Default: that of the project."
    )
    key_vault: HttpAddress | None = Field(
        default=None, description="Address of the Key Vault that keeps the secrets."
    )
    secret_prefix: SecretPrefix | None = Field(
        default=None, description="How the names of secrets begin in a vault that is shared."
    )
    identity: ResourceId | None = Field(
        default=None,
        description="User-assigned identity that pulls the image and reads the secrets.",
    )
    identity_client_id: Uuid | None = Field(default=None, description="Client id of that identity.")
    public_url: HttpAddress | None = Field(
        default=None, description="Public address, if it is another than Azure's own for the app."
    )
    credential: CredentialKind = Field(
        default="auto", description="How the command line proves who it is to Azure."
    )
    cloud: Literal["public", "us-government", "china"] = Field(
        default="public", description="Which of the Azure clouds."
    )
    endpoints: Endpoints = Field(
        default=Endpoints(), description="Addresses of Azure that differ from those of the cloud."
    )
    operation_seconds: float = Field(
        default=900, gt=0, le=7200, description="Seconds that one operation of Azure may take."
    )
    bake_seconds: float = Field(
        default=0,
        ge=0,
        le=3600,
        description="Seconds that a new release is watched with all the traffic, before the deploy "
        "counts as good.",
    )

    @property
    def identity_variables(self) -> dict[str, str]:
        """What tells a release which identity is its own: a user-assigned one has to be named.

        Libraries for Azure and Google read it; upstreams are asked as that identity.
        """
        known = self.identity_client_id
        return {"AZURE_CLIENT_ID": known} if known else {}
