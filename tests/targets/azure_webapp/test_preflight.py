"""What would make a deploy to App Service fail is found before anything is touched."""

from collections.abc import Callable

import pytest

from tests.fakes.azure.web_side import WebSide
from tests.targets.azure_webapp.stage import Stage


def _without_identity(side: WebSide) -> None:
    side.identity = {"type": "None"}


PROBLEMS: dict[str, tuple[Callable[[Stage], object], str, str]] = {
    "no slot": (
        lambda stage: setattr(stage.app, "has_slot", False),
        "has none that is called staging",
        "az webapp deployment slot create",
    ),
    "the slot has no identity": (
        lambda stage: _without_identity(stage.app.slot),
        "The slot staging does not have the identity",
        "--slot staging --identities /subscriptions/",
    ),
    "production pulls as nobody": (
        lambda stage: stage.app.production.configuration.update(acrUseManagedIdentityCreds=False),
        "Production does not pull images as its identity",
        "acrUseManagedIdentityCreds=true",
    ),
    "production reads secrets as another": (
        lambda stage: stage.app.production.properties.update(keyVaultReferenceIdentity=None),
        "Production reads its secrets as SystemAssigned",
        "keyVaultReferenceIdentity=/subscriptions/",
    ),
    "our settings are sticky": (
        lambda stage: stage.app.sticky.append("LLMOPS_RELEASE"),
        "set to stay with the slot: LLMOPS_RELEASE",
        "Deployment slot setting",
    ),
    "a swap would take settings away": (
        lambda stage: stage.app.production.settings.update(THEIRS="1"),
        "a swap would take away: THEIRS",
        "slot staging too",
    ),
    "several containers": (
        lambda stage: stage.app.production.configuration.update(linuxFxVersion="SITECONTAINERS"),
        "SITECONTAINERS",
        "Make an app for llmops alone",
    ),
    "the slot swaps by itself": (
        lambda stage: stage.app.slot.configuration.update(autoSwapSlotName="production"),
        "swaps by itself",
        "auto-swap",
    ),
    "another kind of app": (
        lambda stage: setattr(stage.app, "kind", "functionapp,linux"),
        "of kind 'functionapp,linux'",
        "Name another `app`",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_is_told_with_its_fix_and_nothing_is_touched(live: Stage, name: str) -> None:
    arrange, what, fix = PROBLEMS[name]
    arrange(live)
    run = live.project.llmops("deploy", "--json")
    assert run.status == 4, run.said
    error = live.error(run)
    assert what in error["evidence"]
    assert fix in error["evidence"]
    assert error["state"] == "Nothing was changed."
    assert not [c for c in live.cloud.requests if c.method in ("PUT", "PATCH", "DELETE")]


def test_an_app_that_is_not_there_is_told(live: Stage) -> None:
    live.app.name = "another"
    run = live.project.llmops("status", "--json")
    assert run.status == 4
    assert "There is no app demo in rg-demo" in live.error(run)["message"]


def test_sticky_settings_of_others_stay_where_they_are(live: Stage) -> None:
    live.app.sticky.append("SIDE")
    live.app.production.settings["SIDE"] = "production"
    live.app.slot.settings["SIDE"] = "slot"
    live.project.ok("deploy")
    assert live.app.production.settings["SIDE"] == "production"
    assert live.app.slot.settings["SIDE"] == "slot"


def test_the_slot_is_made_to_take_https_only_and_to_read_as_its_identity(live: Stage) -> None:
    live.app.slot.properties.update(httpsOnly=False, keyVaultReferenceIdentity="SystemAssigned")
    live.project.ok("deploy")
    assert live.app.slot.properties["httpsOnly"] is True
    assert "id-demo" in live.app.slot.properties["keyVaultReferenceIdentity"]
    assert live.app.serving == live.commits[2]
