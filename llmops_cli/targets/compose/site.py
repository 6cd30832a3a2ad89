"""A stack at its place: what the project says of it, and how its parts are reached."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from llmops_cli.config.compose_target import ComposeTarget
from llmops_cli.core.plan import Tell
from llmops_cli.core.release import Release
from llmops_cli.core.target import SecretStore
from llmops_cli.engine.docker import Engine
from llmops_cli.engine.volumes import Entry
from llmops_cli.stacks.beside import Beside
from llmops_cli.stacks.compose import Compose
from llmops_cli.stacks.stack import GATEWAY, Stack
from llmops_cli.stacks.starting import Starting
from llmops_cli.targets.compose import containers, environment, gateway
from llmops_cli.targets.compose.compose_file import (
    GatewayService,
    ReleaseService,
    StackFile,
    secret_mounts,
)
from llmops_cli.targets.compose.containers import Container
from llmops_cli.targets.compose.gateway import Gateway, Manners, Route
from llmops_cli.targets.compose.records import Record, Records


@dataclass(frozen=True)
class Site:
    """One stack on one engine.

    ``port`` is the one that releases listen on inside their containers. ``published`` tells the
    gateway's service as the project has it now, and ``beside`` what runs beside the API: both ask
    the engine for versions of secrets.
    """

    engine: Engine
    stack: Stack
    configured: ComposeTarget
    manners: Manners
    published: Callable[[], GatewayService]
    beside: Callable[[], Beside]
    store: SecretStore

    @property
    def records(self) -> Records:
        """What the stack has on record."""
        return Records(self.engine, self.stack)

    @property
    def compose(self) -> Compose:
        """Docker Compose on this stack."""
        return Compose(self.engine, self.stack)

    def starting(self, tell: Tell) -> Starting:
        """What starts the services beside the API, and tells of it."""
        return Starting(self.compose, self.file(), self.beside(), self.store, tell)

    def containers(self) -> list[Container]:
        """Return every container of the stack."""
        return containers.containers_of(self.engine, self.stack)

    def gateway(self, found: Sequence[Container]) -> Gateway | None:
        """Return the gateway if it is among these containers and runs."""
        running = (c for c in found if c.role == GATEWAY and c.is_running)
        return next((Gateway(self.engine, c.id) for c in running), None)

    def route(self, container: Container) -> Route:
        """Return the way to a release's container."""
        release = container.release
        assert release is not None
        port = int(release.settings.get("PORT", self.manners.port))
        return Route(container.service, container.address, port, release.id)

    def gateway_files(self, record: Record, release: Release | None) -> tuple[Entry, ...]:
        """Return how the gateway starts when this is on record."""
        return gateway.configuration(self.manners, record.service, release.id if release else "")

    def file(self, release: Release | None = None, service: str = "") -> StackFile:
        """Return the compose file, with a release in it if one is given."""
        beside = self.beside()
        releases = [self._service(release, service, beside)] if release else []
        seconds = self.configured.drain_seconds
        return StackFile(self.stack, self.published(), seconds, beside, releases)

    def _service(self, release: Release, service: str, beside: Beside) -> ReleaseService:
        versions = release.secret_versions
        own = {name: versions[name] for name in beside.api_secrets if name in versions}
        variables = environment.environment_of(release, own, self.compose.subnets())
        memory, cpus = self.configured.memory, self.configured.cpus
        mounts = secret_mounts(self.stack, own)
        return ReleaseService(service, release, variables, memory, cpus, mounts)


def of_service(found: Sequence[Container], service: str) -> Container | None:
    """Return the container of a service."""
    return next((c for c in containers.releases_among(found) if c.service == service), None)
