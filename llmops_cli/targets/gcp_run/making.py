"""Makes a target of kind "gcp-run" of what the project file says."""

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.config.gcp_run import CloudRunTarget
from llmops_cli.config.model import Config
from llmops_cli.core.target import ReferringStore, Target
from llmops_cli.targets.gcp_run.place import Place
from llmops_cli.targets.gcp_run.session import Session
from llmops_cli.targets.gcp_run.target import CloudRun
from llmops_cli.targets.shelved.book import Book

#: Where Google's front end is, as seen from a container.
_PROXIES = "169.254.0.0/16"
_TRUSTED = "LLMOPS_TRUSTED_PROXIES"


def make(
    config: Config,
    name: str,
    settings: CloudRunTarget,
    *,
    account: Account,
    book: Book,
    secrets: ReferringStore,
) -> Target:
    """Make the target of that name. Asks nobody anything."""
    place = Place(
        account,
        settings,
        settings.service or config.name,
        config.image.port,
        config.image.is_ours,
        secrets,
        config.image.repository or "",
    )
    return CloudRun(name, Session(place, book), secrets, _added(config, settings))


def _added(config: Config, settings: CloudRunTarget) -> dict[str, str]:
    believed = [*config.api.limits.trusted_proxies, _PROXIES]
    return {
        "HOST": "0.0.0.0",  # noqa: S104 - inside the container, which only Google reaches
        "LLMOPS_DRAIN_SECONDS": f"{settings.drain_seconds:g}",
        # Google sends nothing any more to an instance that it has told to end.
        "LLMOPS_LINGER_SECONDS": "0",
        _TRUSTED: ",".join(dict.fromkeys(believed)),
    }
