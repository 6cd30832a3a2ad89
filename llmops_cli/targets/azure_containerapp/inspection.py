"""What an app is doing, in our words. Changes nothing."""

from collections.abc import Iterator, Sequence

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import read_release
from llmops_cli.core.release import KeptRelease, Release, State
from llmops_cli.targets.azure_containerapp.app import App, Revision
from llmops_cli.targets.azure_containerapp.memory import remembered
from llmops_cli.targets.azure_containerapp.place import Place, Seen
from llmops_cli.targets.azure_containerapp.records import Deployed, Records
from llmops_cli.targets.azure_containerapp.variables import release_of
from llmops_cli.targets.azure_containerapp.waiting import broken, described

_ANSWER_SECONDS = 5.0
#: Seconds that an app without replicas takes to start one.
_COLD_SECONDS = 30.0


def state_of(place: Place, seen: Seen) -> State:
    """Say what serves, what should, and what is wrong where they differ. Asks the app itself."""
    address = place.public_address(seen.app)
    if seen.app is None:
        return State(address)
    records = remembered(seen)
    recorded = _release(seen, records.live)
    answers = _answers(address, seen) if not seen.app.is_stopped else None
    live = _live(seen, answers)
    trouble, remedy = _trouble(place, seen, records, answers)
    return State(
        address,
        live,
        recorded,
        _previous(seen, records),
        trouble,
        remedy,
        dict(_facts(place, seen, records)),
    )


def kept(seen: Seen) -> list[KeptRelease]:
    """Return the releases that can be gone back to, the one that was live latest first."""
    if seen.app is None:
        return []
    records = remembered(seen)
    found = []
    for one in records.deployed:
        release = _release(seen, one.revision)
        if release is not None:
            found.append(KeptRelease(release, one.at, _names(records, one)))
    return found


def find(seen: Seen, prefix: str) -> list[Release]:
    """Return the kept releases whose name or id begins with ``prefix``."""
    if seen.app is None:
        return []
    releases = {one.release.id: one.release for one in reversed(kept(seen))}
    named = remembered(seen).names.get(prefix)
    if named is not None:
        release = _release(seen, named)
        return [release] if release is not None else []
    if prefix in releases:
        return [releases[prefix]]
    return [releases[id] for id in sorted(releases) if id.startswith(prefix)]


def serving(app: App) -> str:
    """Return the revision with the most of the traffic; empty where none has any."""
    return max(app.carrying, key=lambda name: app.carrying[name], default="")


def _live(seen: Seen, answers: str | None) -> Release | None:
    """Return the release that answers; its own word counts more than the weights."""
    if answers is None or seen.app is None:
        return None
    names = [*seen.app.carrying, *(revision.name for revision in seen.revisions)]
    releases = [release for name in names if (release := _release(seen, name)) is not None]
    return next((release for release in releases if release.id == answers), None)


def _answers(address: str, seen: Seen) -> str | None:
    assert seen.app is not None
    revision = seen.revision(serving(seen.app))
    if revision is None or not address:
        return None
    release = release_of(revision)
    if release is None:
        return None
    is_cold = revision.replicas == 0
    with open_client(address, _COLD_SECONDS if is_cold else _ANSWER_SECONDS) as client:
        return read_release(client)


def _trouble(place: Place, seen: Seen, records: Records, answers: str | None) -> tuple[str, str]:
    """Say what is wrong, and the command that mends it; nothing where all is well."""
    app = seen.app
    if app is None or not records.live:
        return ("", "")
    if app.is_stopped:
        return ("It was stopped by an operator.", "llmops start")
    recorded = seen.revision(records.live)
    if recorded is None:
        return (f"The revision {records.live} is gone.", "llmops deploy")
    return (
        _trouble_of_traffic(app, seen, records)
        or _trouble_of(recorded)
        or _trouble_of_answers(place, seen, answers)
        or ("", "")
    )


def _trouble_of_traffic(app: App, seen: Seen, records: Records) -> tuple[str, str] | None:
    release = _release(seen, records.live)
    name = release.id if release else records.live
    if not app.is_multiple:
        return (
            "The app is in single revision mode, set by somebody else: a new revision would "
            "replace the live one by itself.",
            "llmops deploy",
        )
    if app.carrying == {records.live: 100}:
        return None
    found = ", ".join(f"{_shown(seen, name)} {weight} %" for name, weight in app.carrying.items())
    return (
        f"The traffic is not where it was put: {found or 'nobody has any'}, not {name} 100 %.",
        f"llmops rollback {name}",
    )


def _trouble_of(recorded: Revision) -> tuple[str, str] | None:
    release = release_of(recorded)
    name = release.id if release else recorded.name
    if not recorded.is_active:
        return (f"{name} was deactivated.", f"llmops rollback {name}")
    if broken(recorded):
        return (f"{name} is not well: {described(recorded)}", "llmops logs")
    return None


def _trouble_of_answers(place: Place, seen: Seen, answers: str | None) -> tuple[str, str] | None:
    if answers is not None or not place.is_ours:
        return None
    return (f"{place.public_address(seen.app)} does not answer.", "llmops logs")


def _previous(seen: Seen, records: Records) -> str | None:
    live = records.of(records.live)
    release = _release(seen, live.previous) if live and live.previous else None
    return release.id if release else None


def _facts(place: Place, seen: Seen, records: Records) -> Iterator[tuple[str, str]]:
    assert seen.app is not None
    yield "app", seen.app.name
    for name, weight in seen.app.carrying.items():
        yield f"revision {name}", f"{weight} % of the traffic, {_replicas(seen.revision(name))}"
    warm = [
        _shown(seen, one.name)
        for one in seen.revisions
        if one.is_active and one.name not in seen.app.carrying and records.of(one.name)
    ]
    if warm:
        yield "warm", ", ".join(warm)
    if place.configured.min_replicas == 0:
        yield "cold starts", "min_replicas is 0: the first request after a pause waits for a start"
    yield "asked as", place.account.chosen.origin


def _replicas(revision: Revision | None) -> str:
    if revision is None or revision.replicas is None:
        return "replicas not told"
    return f"{revision.replicas} replica{'' if revision.replicas == 1 else 's'}"


def _names(records: Records, one: Deployed) -> tuple[str, ...]:
    return tuple(sorted(n for n, revision in records.names.items() if revision == one.revision))


def _release(seen: Seen, name: str) -> Release | None:
    revision = seen.revision(name)
    return release_of(revision) if revision else None


def _shown(seen: Seen, name: str) -> str:
    release = _release(seen, name)
    return release.id if release else name


def releases_among(revisions: Sequence[Revision]) -> dict[str, Release]:
    """Return the releases of revisions, by the revision's name."""
    found = {revision.name: release_of(revision) for revision in revisions}
    return {name: release for name, release in found.items() if release is not None}


def revision_of(seen: Seen, release: str) -> str | None:
    """Return the kept revision that runs a release, the latest where there are several."""
    for one in remembered(seen).deployed:
        found = _release(seen, one.revision)
        if found is not None and found.id == release:
            return one.revision
    return None
