"""Looks for what would make a deploy to an app fail. Changes nothing."""

import re
from collections.abc import Iterator

from llmops_cli.core.release import Release
from llmops_cli.core.target import Problem
from llmops_cli.targets.azure_webapp.place import Place
from llmops_cli.targets.azure_webapp.settings import (
    owned,
    reader_of,
    registry_of,
    wanted_of,
)
from llmops_cli.targets.azure_webapp.staging import pulls_as_identity
from llmops_cli.targets.azure_webapp.survey import App, Survey

_APPLY = "llmops infra apply"
#: Names of apps are host names; that of the app and its slot together is one, too.
_APP_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,58}[A-Za-z0-9])?")
_LONGEST_HOST = 59
#: A setting becomes a variable, which Linux takes with these names only.
_SETTING_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SIDECARS = "SITECONTAINERS"


def preflight(app: App, survey: Survey, release: Release) -> Iterator[Problem]:
    """Look for a wrong kind of app, missing rights, and settings that a swap would lose."""
    yield from _of_names(app, release)
    yield from _of_kind(survey.production)
    if release.secret_versions and app.configured.key_vault is None:
        yield Problem(
            "The target names no vault for its secrets.", f"{_APPLY}, or set `key_vault`."
        )
        return
    if not registry_of(release.image or app.repository):
        yield Problem(
            "App Service pulls images from a registry, and the project names none.",
            'Set `repository = "NAME.azurecr.io/…"` under [image] in llmops.toml.',
        )
    for place in (survey.production, survey.slot):
        if place is not None:
            yield from _of_identity(app, survey, place, release)
    if survey.is_in_place:
        return
    if survey.slot is None:
        yield Problem(
            f"The plan ({survey.tier.title}) has slots, and {app.production.app} has none that is "
            f"called {app.configured.slot}.",
            f"{_APPLY}, or: az webapp deployment slot create {_where(app)} "
            f"--slot {app.configured.slot} --configuration-source {app.production.app}",
        )
        return
    yield from _of_swap(app, survey, survey.slot, release)


def _of_names(app: App, release: Release) -> Iterator[Problem]:
    name, slot = app.production.app, app.configured.slot
    if not _APP_NAME.fullmatch(name):
        yield Problem(f"{name!r} cannot be the name of an app.", "Set `app` in llmops.toml.")
    elif len(f"{name}-{slot}") > _LONGEST_HOST:
        yield Problem(
            f"The names {name} and {slot} make a host name that is too long.",
            "Set a shorter `slot` in llmops.toml.",
        )
    for each in sorted({*release.settings, *release.secret_versions}):
        if not _SETTING_NAME.fullmatch(each):
            yield Problem(f"{each!r} cannot be the name of an app setting.", "Rename it; commit.")


def _of_kind(production: Place) -> Iterator[Problem]:
    kind = production.kind.lower().split(",")
    if "functionapp" in kind or "linux" not in kind:
        yield Problem(
            f"The app is of kind {production.kind!r}, not one for Linux containers.",
            "Name another `app` in llmops.toml, or: llmops infra apply",
        )
    if production.image.upper().startswith(_SIDECARS):
        yield Problem(
            "The app runs several containers (SITECONTAINERS), which llmops would have to mix "
            "with its own way.",
            "Make an app for llmops alone: llmops infra apply",
        )


def _of_identity(app: App, survey: Survey, place: Place, release: Release) -> Iterator[Problem]:
    needs_one = bool(release.secret_versions) or pulls_as_identity(
        app, release.image or app.repository
    )
    if needs_one and not place.has_identity(app.configured.identity):
        slot = "" if place is survey.production else _slot(app)
        wanted = app.configured.identity or "[system]"
        yield Problem(
            f"{place.title.capitalize()} does not have the identity that pulls the image and "
            "reads the secrets.",
            f"{_APPLY}, or: az webapp identity assign {_where(app)}{slot} --identities {wanted}",
        )


def _of_swap(app: App, survey: Survey, slot: Place, release: Release) -> Iterator[Problem]:
    """Look for what a swap leaves where it is and should not, or takes along and should not."""
    production = survey.production
    if _pulls(app, release) and not _pulls_rightly(app, production):
        wanted = app.configured.identity_client_id
        client = f" properties.acrUserManagedIdentityID={wanted}" if wanted else ""
        yield Problem(
            "Production does not pull images as its identity, and a swap does not bring that.",
            f"{_APPLY}, or: az resource update --ids {_site_id(app)}/config/web "
            f"--set properties.acrUseManagedIdentityCreds=true{client}",
        )
    if release.secret_versions and production.reader.lower() != reader_of(app.configured).lower():
        yield Problem(
            f"Production reads its secrets as {production.reader}, and a swap does not change it.",
            f"{_APPLY}, or: az webapp update {_where(app)} "
            f"--set keyVaultReferenceIdentity={reader_of(app.configured)}",
        )
    if slot.auto_swap or production.auto_swap:
        yield Problem(
            "The slot swaps by itself, which App Service does not support for containers.",
            f"az webapp deployment slot auto-swap {_where(app)}{_slot(app)} --disable",
        )
    sticky = _ours_among(survey, app, release)
    if sticky:
        yield Problem(
            f"Settings of the release are set to stay with the slot: {', '.join(sticky)}.",
            "Untick `Deployment slot setting` for them in the portal.",
        )
    lost = _lost_settings(survey, slot, {*release.settings, *release.secret_versions})
    if lost:
        yield Problem(
            f"Production has settings that a swap would take away: {', '.join(lost)}.",
            f"Set them for the slot {app.configured.slot} too, or tick `Deployment slot setting`.",
        )


def _pulls(app: App, release: Release) -> bool:
    return pulls_as_identity(app, release.image or app.repository)


def _pulls_rightly(app: App, production: Place) -> bool:
    wanted = (app.configured.identity_client_id or "").lower()
    return production.pulls_as_identity and (not wanted or production.puller.lower() == wanted)


def _ours_among(survey: Survey, app: App, release: Release) -> list[str]:
    return sorted(survey.sticky & set(wanted_of(app.configured, release).settings))


def _lost_settings(survey: Survey, slot: Place, ours: set[str]) -> list[str]:
    """Return the settings of others that only production has."""
    production = survey.production.settings
    theirs = set(production) - owned(production) - ours - survey.sticky
    passwords = {name for name in theirs if name.upper().startswith("DOCKER_REGISTRY_SERVER_")}
    platform = {name for name in theirs if name.upper().startswith(("WEBSITE_", "WEBSITES_"))}
    return sorted(theirs - set(slot.settings) - passwords - platform)


def _where(app: App) -> str:
    return f"--resource-group {app.production.group} --name {app.production.app}"


def _slot(app: App) -> str:
    return f" --slot {app.configured.slot}"


def _site_id(app: App) -> str:
    side = app.production
    return (
        f"/subscriptions/{side.account.subscription}/resourceGroups/{side.group}"
        f"/providers/Microsoft.Web/sites/{side.app}"
    )
