"""Makes a target of kind "gcp-run" of what the project file says."""

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.clouds.gcp.identity import Identity
from llmops_cli.config.gcp_run import CloudRunTarget
from llmops_cli.config.model import Config
from llmops_cli.core.carrier import Carrier
from llmops_cli.core.target import ReferringStore, Target
from llmops_cli.targets.gcp_run.carrying import Introduced
from llmops_cli.targets.gcp_run.place import Place
from llmops_cli.targets.gcp_run.session import Session
from llmops_cli.targets.gcp_run.target import CloudRun, PrivateCloudRun
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
    added = _added(config, settings)
    if settings.public:
        return CloudRun(name, Session(place, book), secrets, added)
    session = Session(place, book)
    identity = Identity(account)

    def introduces(address: str) -> Carrier:
        # The token is for the service, also where one of its tags is asked.
        return Introduced(
            lambda: address, lambda: identity.token(place.audience(session.known().service))
        )

    session.introduces = introduces
    return PrivateCloudRun(name, session, secrets, added)


def _added(config: Config, settings: CloudRunTarget) -> dict[str, str]:
    believed = [*config.api.limits.trusted_proxies, _PROXIES]
    return {
        "HOST": "0.0.0.0",  # noqa: S104 - inside the container, which only Google reaches
        "LLMOPS_DRAIN_SECONDS": f"{settings.drain_seconds:g}",
        # Google sends nothing any more to an instance that it has told to end.
        "LLMOPS_LINGER_SECONDS": "0",
        _TRUSTED: ",".join(dict.fromkeys(believed)),
    }
