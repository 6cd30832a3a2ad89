"""Releases as units: installed, begun, stopped and removed."""

from llmops_cli.hosts.agent import releases
from llmops_cli.hosts.agent.durable import remove_folder, write_bytes
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.systemd import Unit, Units

_KINDS = ("socket", "service")


def install(places: Places, units: Units, *wanted: str) -> None:
    """Give the units of releases to systemd, where it does not have them as they are."""
    changed = False
    for release in wanted:
        for kind in _KINDS:
            text = (places.release(release) / "units" / kind).read_bytes()
            file = places.unit_file(release, kind)
            if not file.exists() or file.read_bytes() != text:
                write_bytes(file, text)
                changed = True
    if changed:
        units.reload()


def both(places: Places, release: str) -> tuple[str, str]:
    """Return the names of a release's socket and service."""
    return places.unit(release, "socket"), places.unit(release, "service")


def services(places: Places, units: Units) -> dict[str, Unit]:
    """Return the services of releases that systemd knows, by release."""
    found = units.read(places.unit("*", "service"))
    start, end = f"{places.app}@", ".service"
    return {unit.name.removeprefix(start).removesuffix(end): unit for unit in found}


def service(places: Places, units: Units, release: str) -> Unit:
    """Return the service of a release as it is now."""
    name = places.unit(release, "service")
    return next((unit for unit in units.read(name) if unit.name == name), Unit(name))


def forget(places: Places, units: Units, *doomed: str) -> None:
    """Take releases and their units away; none of them runs."""
    for release in doomed:
        for kind in _KINDS:
            places.unit_file(release, kind).unlink(missing_ok=True)
        remove_folder(places.release(release))
    if doomed:
        units.reload()
        units.forget_failure(*(name for one in doomed for name in both(places, one)))


def never_live(places: Places) -> list[str]:
    """Return the releases that never were in service, and are not now."""
    live = releases.current(places)
    found = [release for release in releases.ids(places) if release != live]
    return [release for release in found if releases.deployed(places, release) is None]
