"""One endpoint and one model of Vertex AI, and what asks about them; reading, and nothing else."""

from dataclasses import dataclass
from typing import Any

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.clouds.gcp.patience import reading
from llmops_cli.config.gcp_vertex import VertexTarget
from llmops_cli.errors import PreflightError
from llmops_cli.targets.gcp_vertex.endpoint import Endpoint, Version, endpoint_from, version_from

#: What a question leaves behind; within a rollout, what was undone is told instead.
UNTOUCHED = "Nothing was changed: what was serving is serving still."


@dataclass(frozen=True)
class Seen:
    """The endpoint and the versions of the model at one moment; None where it is not made yet."""

    endpoint: Endpoint | None = None
    versions: tuple[Version, ...] = ()

    def version(self, id: str) -> Version | None:
        """Return the version of that id."""
        return next((one for one in self.versions if one.id == id), None)


@dataclass(frozen=True)
class Place:
    """Names of what the target is, what the project file says of it, and the account it is in.

    ``port`` is the one that the container listens on; ``is_ours`` says whether that is the
    embedded API.
    """

    account: Account
    configured: VertexTarget
    project_name: str
    port: int
    is_ours: bool

    @property
    def parent(self) -> str:
        """The project and the region."""
        return f"projects/{self.account.project}/locations/{self.account.location}"

    @property
    def endpoint_id(self) -> str:
        """The endpoint's id."""
        return self.configured.endpoint or self.project_name

    @property
    def endpoint(self) -> str:
        """The endpoint's whole name."""
        return f"{self.parent}/endpoints/{self.endpoint_id}"

    @property
    def model_id(self) -> str:
        """The model's id."""
        return self.configured.model or self.project_name

    @property
    def model(self) -> str:
        """The model's whole name."""
        return f"{self.parent}/models/{self.model_id}"

    @property
    def endpoints(self) -> Any:
        """The client that asks about endpoints."""
        return self.account.client("endpoints")

    @property
    def models(self) -> Any:
        """The client that asks about models."""
        return self.account.client("models")

    def read(self) -> Seen:
        """Return the endpoint and all versions of the model."""
        return Seen(self.read_endpoint(), self.read_versions())

    def read_endpoint(self) -> Endpoint | None:
        """Return the endpoint, or None where there is none."""
        from google.api_core.exceptions import NotFound

        doing = f"read the endpoint {self.endpoint_id}"
        with self.account.told(doing, state=UNTOUCHED, failure=PreflightError):
            try:
                found = self.endpoints.get_endpoint(request={"name": self.endpoint}, **reading())
            except NotFound:
                return None
            return endpoint_from(found)

    def read_versions(self) -> tuple[Version, ...]:
        """Return all versions of the model, the newest first."""
        from google.api_core.exceptions import NotFound

        doing = f"list the versions of the model {self.model_id}"
        with self.account.told(doing, state=UNTOUCHED, failure=PreflightError):
            try:
                request = {"name": self.model, "page_size": 100}
                pages = self.models.list_model_versions(request=request, **reading())
                found = tuple(version_from(one) for one in pages)
            except NotFound:
                return ()
        return tuple(sorted(found, key=lambda one: one.number, reverse=True))

    def public_address(self, endpoint: Endpoint | None) -> str:
        """Return where callers ask the endpoint; ``:rawPredict`` and others are added to it."""
        own = self.configured.endpoints.prediction
        host = str(own).rstrip("/") if own else ""
        if not host and endpoint is not None and endpoint.dedicated_host:
            host = f"https://{endpoint.dedicated_host}"
        return f"{host or f'https://{self.account.location}-aiplatform.googleapis.com'}/v1/{self.endpoint}"
