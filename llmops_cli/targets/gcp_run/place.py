"""One service and the clients that ask Google about it; reading, and nothing but reading."""

from dataclasses import dataclass

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.clouds.gcp.patience import reading
from llmops_cli.config.gcp_run import CloudRunTarget
from llmops_cli.core.target import ReferringStore
from llmops_cli.targets.gcp_run.service import Revision, Service, revision_from, service_from

#: What a question leaves behind; within a rollout, what was undone is told instead.
UNTOUCHED = "Nothing was changed: what was serving is serving still."


@dataclass(frozen=True)
class Seen:
    """The service and its revisions at one moment; no service where it is not made yet."""

    service: Service | None = None
    revisions: tuple[Revision, ...] = ()

    def revision(self, name: str) -> Revision | None:
        """Return the revision of that name."""
        return next((found for found in self.revisions if found.name == name), None)


@dataclass(frozen=True)
class Place:
    """A service: its name, what the project file says of it, and the account that it belongs to.

    ``port`` is the one that its container listens on; ``is_ours`` says whether that is the
    embedded API, whose health routes are known; ``repository`` is where its images are.
    """

    account: Account
    configured: CloudRunTarget
    service: str
    port: int
    is_ours: bool
    secrets: ReferringStore
    repository: str = ""

    @property
    def parent(self) -> str:
        """The project and the region, as Google names them."""
        return f"projects/{self.account.project}/locations/{self.account.location}"

    @property
    def name(self) -> str:
        """The service, as Google names it."""
        return f"{self.parent}/services/{self.service}"

    def name_of(self, revision: str) -> str:
        """Return a revision, as Google names it."""
        return f"{self.name}/revisions/{revision}"

    def read_service(self) -> Service | None:
        """Return the service, or None where there is none."""
        from google.api_core.exceptions import NotFound

        with self.account.told(f"read the service {self.service}", state=UNTOUCHED):
            try:
                found = self.account.client("services").get_service(
                    {"name": self.name}, **reading()
                )
            except NotFound:
                return None
            return service_from(found)

    def read(self) -> Seen:
        """Return the service and all its revisions."""
        service = self.read_service()
        return Seen(service, self.read_revisions()) if service else Seen()

    def read_revisions(self) -> tuple[Revision, ...]:
        """Return all revisions that are not deleted."""
        with self.account.told(f"list the revisions of {self.service}", state=UNTOUCHED):
            request = {"parent": self.name, "page_size": 1000}
            found = self.account.client("revisions").list_revisions(request, **reading())
            return tuple(revision_from(one) for one in found)

    def read_revision(self, name: str) -> Revision | None:
        """Return one revision, or None where there is none of that name."""
        from google.api_core.exceptions import NotFound

        with self.account.told(f"read the revision {name}", state=UNTOUCHED):
            try:
                request = {"name": self.name_of(name)}
                found = self.account.client("revisions").get_revision(request, **reading())
            except NotFound:
                return None
            return revision_from(found)

    def public_address(self, service: Service | None) -> str:
        """Return the address that callers use, or nothing where it is not known yet."""
        if self.configured.public_url:
            return str(self.configured.public_url).rstrip("/")
        return service.uri.rstrip("/") if service else ""

    def audience(self, service: Service | None) -> str:
        """Return whom a token for the service is for: its own address, whatever others it has."""
        found = service or self.read_service()
        return found.uri.rstrip("/") if found else ""
