"""Releases as units: installed, begun, stopped and removed.

A run is what systemd knows of a release by one name. It has two names, ``ID`` and ``ID:2``, so
that it can be started again while its last run still ends requests, which may take minutes. The
link ``socket`` in its folder says which of them is, or was last, its run.
"""

from llmops_cli.hosts.agent import releases
from llmops_cli.hosts.agent.durable import point, remove_folder, write_bytes
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.systemd import Unit, Units

_KINDS = ("socket", "service")
_SECOND = ":2"


def run_of(places: Places, release: str) -> str:
    """Return the name of the run of a release."""
    try:
        return (places.releases / release / "socket").readlink().stem
    except OSError:
        return release


def release_of(run: str) -> str:
    """Return the release of which a run is."""
    return run.removesuffix(_SECOND)


def begin_anew(places: Places, units: Units, release: str) -> None:
    """Let a release have its other run where the last one still ends requests."""
    run, found = run_of(places, release), runs(places, units)
    other = release if run != release else f"{release}{_SECOND}"
    is_ending = run in found and found[run].active == "deactivating"
    if is_ending and not (other in found and found[other].is_running):
        point(places.release(release) / "socket", str(places.socket(other)))


def install(places: Places, units: Units, release: str) -> None:
    """Give the units of a release to systemd, where it does not have them as they are."""
    run, changed = run_of(places, release), False
    for kind in _KINDS:
        text = (places.release(release) / "units" / kind).read_text(encoding="utf-8")
        text = text.replace(places.unit(release, ""), places.unit(run, ""))
        text = text.replace(str(places.socket(release)), str(places.socket(run)))
        file = places.unit_file(run, kind)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            write_bytes(file, text.encode())
            changed = True
    if changed:
        units.reload()


def both(places: Places, release: str) -> tuple[str, str]:
    """Return the names of the socket and the service of a release's run."""
    return units_of(places, run_of(places, release))


def units_of(places: Places, run: str) -> tuple[str, str]:
    """Return the names of the socket and the service of a run."""
    return places.unit(run, "socket"), places.unit(run, "service")


def runs(places: Places, units: Units) -> dict[str, Unit]:
    """Return the services of runs that systemd knows."""
    found = units.read(places.unit("*", "service"))
    start, end = f"{places.app}@", ".service"
    return {unit.name.removeprefix(start).removesuffix(end): unit for unit in found}


def services(places: Places, units: Units) -> dict[str, Unit]:
    """Return the services of releases that systemd knows, by release."""
    found = runs(places, units).items()
    return {release_of(run): unit for run, unit in found if run == run_of(places, release_of(run))}


def service(places: Places, units: Units, release: str) -> Unit:
    """Return the service of a release as it is now."""
    name = places.unit(run_of(places, release), "service")
    return next((unit for unit in units.read(name) if unit.name == name), Unit(name))


def with_processes(places: Places, units: Units) -> set[str]:
    """Return the releases that have a process, also one that only ends requests."""
    found = runs(places, units).items()
    return {release_of(run) for run, unit in found if unit.is_running}


def begin_to_stop_others(places: Places, units: Units) -> list[str]:
    """Have all runs stop but that of the live release; return those that were told to."""
    live = releases.current(places)
    kept = run_of(places, live) if live else None
    found = runs(places, units).items()
    others = [run for run, unit in found if run != kept and unit.is_wanted]
    if others:
        units.begin_to_stop(*(name for run in others for name in units_of(places, run)))
    return others


def services_of(places: Places, release: str) -> list[str]:
    """Return the names of the services of all runs of a release."""
    return [places.unit(run, "service") for run in _runs_of(release)]


def forget(places: Places, units: Units, *doomed: str) -> None:
    """Take releases and their units away; none of them has a process."""
    names = [
        name for release in doomed for run in _runs_of(release) for name in units_of(places, run)
    ]
    left = [unit.name for unit in units.read(*names) if unit.is_wanted]
    if left:
        units.begin_to_stop(*left)
    for name in names:
        (places.unit_files / name).unlink(missing_ok=True)
    for release in doomed:
        remove_folder(places.release(release))
    if doomed:
        units.reload()
        units.forget_failure(*names)


def _runs_of(release: str) -> tuple[str, str]:
    return release, f"{release}{_SECOND}"


def never_live(places: Places) -> list[str]:
    """Return the releases that never were in service, and are not now."""
    live = releases.current(places)
    found = [release for release in releases.ids(places) if release != live]
    return [release for release in found if releases.deployed(places, release) is None]
