"""Gives a side an image and settings, and waits until the release itself answers there."""

from collections.abc import Mapping
from datetime import datetime

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import ask_ready, identify
from llmops_cli.clouds.pauses import pauses
from llmops_cli.core.check import Verdict
from llmops_cli.errors import DeployError
from llmops_cli.targets.azure_webapp import logs
from llmops_cli.targets.azure_webapp.place import Place
from llmops_cli.targets.azure_webapp.settings import (
    Wanted,
    configuration_body,
    merged,
    reader_of,
    registry_of,
    site_body,
)
from llmops_cli.targets.azure_webapp.side import Side
from llmops_cli.targets.azure_webapp.survey import App, Tier

_LOG_LINES_SHOWN = 20
_ANSWER_SECONDS = 10.0
#: Seconds between looks at the log for what makes waiting vain.
_LOG_SECONDS = 20.0


def needs_site_change(app: App, place: Place, wanted: Wanted) -> bool:
    """Whether a side takes plain HTTP, or reads the secrets as somebody else."""
    reads_wrongly = place.reader.lower() != reader_of(app.configured).lower()
    return not place.is_https_only or (bool(wanted.references) and reads_wrongly)


def change_site(app: App, side: Side) -> None:
    """Have a side take HTTPS only, and read secrets as its identity."""
    side.change(site_body(app.configured))


def configure(app: App, side: Side, wanted: Wanted, tier: Tier) -> None:
    """Give a side an image. It goes first: old code must not answer with a new release's name."""
    side.configure(
        configuration_body(
            app.configured,
            wanted,
            pulls_as_identity=pulls_as_identity(app, wanted.image),
            stays_on=tier.stays_on,
        )
    )


def pulls_as_identity(app: App, image: str) -> bool:
    """Whether an image comes from a registry that takes the app's identity for a login."""
    registry = registry_of(image)
    is_known = registry.endswith(app.account.cloud.registry_suffix)
    return bool(registry) and (is_known or app.configured.endpoints.resource_manager is not None)


def give_settings(side: Side, wanted: Wanted) -> None:
    """Give a side the settings of a release; those that are not ours stay as they are now."""
    side.replace_settings(merged(side.settings(), wanted))


def put_back(side: Side, before: Place) -> None:
    """Give a side back the image and the settings that it had, where they are others now."""
    now = side.configuration()
    if str(now.get("linuxFxVersion") or "") != before.image:
        properties: Mapping[str, object] = {
            "linuxFxVersion": before.image,
            "acrUseManagedIdentityCreds": before.pulls_as_identity,
        }
        side.configure({"properties": properties})
    if side.settings() != dict(before.settings):
        side.replace_settings(before.settings)


def wait_until_ready(
    side: Side, url: str, release: str, seconds: float, since: datetime | None = None
) -> None:
    """Wait until a release answers at a side's own address, and says that it is ready.

    Raises:
        DeployError: it does not; the evidence is what answered, and the end of the log.
    """
    last, next_log = "", min(_LOG_SECONDS, seconds / 3)
    with open_client(url, _ANSWER_SECONDS) as client:
        for passed in pauses(seconds):
            answers = identify(client).release
            if answers == release:
                finding = ask_ready(client)
                if finding.verdict is Verdict.PASSED:
                    return
                last = f"Not ready: {finding.evidence}"
            else:
                last = f"{answers or 'Nothing that names a release'} answers at {url}."
            if since is not None and passed > next_log:
                next_log = passed + _LOG_SECONDS
                why = logs.hopeless(side, since)
                if why:
                    raise _sick(side, release, why)
    raise _sick(side, release, f"After {seconds:g} s: {last}")


def _sick(side: Side, release: str, what: str) -> DeployError:
    log = logs.evidence(side, _LOG_LINES_SHOWN)
    return DeployError(
        f"Release {release} does not come up in {side.title}.",
        evidence=f"{what} The end of the containers' log:\n{log}",
        next_step="Mend what the log says, then: llmops deploy",
    )
