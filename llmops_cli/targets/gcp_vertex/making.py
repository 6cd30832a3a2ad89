"""Makes a target of kind "gcp" of what the project file says."""

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.config.gcp_vertex import VertexTarget
from llmops_cli.config.model import Config
from llmops_cli.core.target import ReferringStore, Target
from llmops_cli.targets.gcp_vertex.place import Place
from llmops_cli.targets.gcp_vertex.session import Session
from llmops_cli.targets.gcp_vertex.target import VertexEndpoint
from llmops_cli.targets.gcp_vertex.variables import MANAGER
from llmops_cli.targets.shelved.book import Book


def make(
    config: Config,
    name: str,
    settings: VertexTarget,
    *,
    account: Account,
    book: Book,
    secrets: ReferringStore,
) -> Target:
    """Make the target of that name. Asks nobody anything."""
    place = Place(account, settings, config.name, config.image.port, config.image.is_ours)
    return VertexEndpoint(name, Session(place, book), secrets, _added(settings))


def _added(settings: VertexTarget) -> dict[str, str]:
    added = {"LLMOPS_DRAIN_SECONDS": f"{settings.drain_seconds:g}"}
    if settings.endpoints.secretmanager:
        added[MANAGER] = str(settings.endpoints.secretmanager).rstrip("/")
    return added
