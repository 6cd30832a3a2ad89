"""What App Service is sent for a release, for people to read; no secret is in it."""

import json

from llmops_cli.core.release import Release
from llmops_cli.targets.azure_webapp.settings import configuration_body, site_body, wanted_of
from llmops_cli.targets.azure_webapp.staging import pulls_as_identity
from llmops_cli.targets.azure_webapp.survey import App


def documents_of(app: App, release: Release) -> dict[str, str]:
    """Return the bodies of the changes, by path. Asks nobody anything."""
    wanted = wanted_of(app.configured, release)
    configuration = configuration_body(
        app.configured,
        wanted,
        pulls_as_identity=pulls_as_identity(app, release.image),
        stays_on=True,
    )
    return {
        "app-service/site.json": _text(site_body(app.configured)),
        "app-service/config-web.json": _text(configuration),
        "app-service/appsettings.json": _text({"properties": dict(wanted.settings)}),
    }


def _text(document: object) -> str:
    return json.dumps(document, indent=2, sort_keys=True) + "\n"
