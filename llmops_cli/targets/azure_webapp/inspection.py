"""Says what an app serves, what it should, and what is wrong where they differ. Asks no Azure."""

from datetime import UTC, datetime

from llmops_cli.core.release import Release, State
from llmops_cli.targets.azure_webapp.place import Place
from llmops_cli.targets.azure_webapp.settings import edited, longest_drain, owned
from llmops_cli.targets.azure_webapp.survey import App, Survey


def state_of(app: App, survey: Survey, answers: str | None) -> State:
    """Return the state; ``answers`` is the release that the public address names."""
    trouble, remedy = _trouble(survey, answers)
    return State(
        address=app.public_url(survey.production),
        live=_release(survey, answers) if answers else None,
        recorded=survey.record.release,
        previous=survey.record.previous,
        trouble=trouble,
        remedy=remedy,
        facts=_facts(app, survey),
    )


def _trouble(survey: Survey, answers: str | None) -> tuple[str, str]:
    production, recorded = survey.production, survey.record.release
    if recorded is None:
        lost = f"{answers} answers, and nothing is on record."
        return (lost, "llmops deploy") if answers else ("", "")
    if not production.is_running:
        return (f"The app is {production.state.lower() or 'not running'}.", "llmops start")
    if production.release != recorded.id:
        return _moved(survey, production, recorded.id)
    return _trouble_inside(production, recorded, answers)


def _trouble_inside(production: Place, recorded: Release, answers: str | None) -> tuple[str, str]:
    """Say what is wrong with the release that is on record and configured."""
    if production.pinned != recorded.image:
        what = f"Somebody gave the app another image than {recorded.id} has: {production.pinned}"
        return (what, "llmops deploy")
    changed = ", ".join(edited(production.settings, recorded))
    if changed:
        return (f"Somebody changed settings of {recorded.id}: {changed}", "llmops deploy")
    if answers is None:
        what = f"{recorded.id} does not answer: it is starting, or it ends again and again."
        return (what, "llmops logs")
    if answers != recorded.id:
        return (f"{answers} answers still, and {recorded.id} is configured.", "llmops logs")
    return ("", "")


def _moved(survey: Survey, production: Place, recorded: str) -> tuple[str, str]:
    configured = production.release or "something that is no release"
    if survey.slot is not None and survey.slot.release == recorded:
        what = f"{configured} was swapped in place of {recorded}, which is in the slot now."
        return (what, f"llmops rollback {recorded}")
    what = f"The app is configured to run {configured}, and {recorded} is on record."
    return (what, f"llmops rollback {recorded}")


def _release(survey: Survey, id: str) -> Release:
    """Return the release of that id; what the record has lost of it is not known."""
    kept = survey.record.kept.get(id)
    if kept is not None:
        return kept.release
    production = survey.production
    is_configured = production.release == id
    settings = production.settings if is_configured else {}
    return Release(
        id=id,
        commit=settings.get("LLMOPS_COMMIT", ""),
        tree="",
        committed_at=datetime.fromtimestamp(0, UTC),
        subject="not on record",
        image=production.pinned if is_configured else "",
    )


def _facts(app: App, survey: Survey) -> dict[str, str]:
    production, slot = survey.production, survey.slot
    facts = {"plan": survey.tier.title, "image": production.pinned}
    if survey.is_in_place:
        facts["downtime"] = "the plan has no slots, so a deploy is not without downtime"
    elif slot is None:
        facts["slot"] = f"{app.configured.slot} is missing"
    else:
        held = slot.release or "no release"
        facts["slot"] = f"{app.configured.slot} holds {held}, {slot.state.lower()}"
    if app.configured.drain_seconds > longest_drain():
        facts["drain"] = f"{longest_drain()} s, the most that App Service gives a container"
    settings = len(owned(production.settings))
    facts["settings"] = f"{settings} of {len(production.settings)} are the release's"
    return {**facts, "asked as": app.account.chosen.origin}
