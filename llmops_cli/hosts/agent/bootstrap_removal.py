"""Takes back what the bootstrap and the deploys made of a host, and says first what that is."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from llmops_cli.hosts.agent import bootstrap_certificate, bootstrap_nginx, durable
from llmops_cli.hosts.agent.bootstrap_made import Made, digest_of
from llmops_cli.hosts.agent.bootstrap_parts import Tell, data_folder, remove_folder, size_of
from llmops_cli.hosts.agent.bootstrap_programs import ask, run
from llmops_cli.hosts.agent.bootstrap_wanted import Change
from llmops_cli.hosts.agent.places import Places
from llmops_cli.hosts.agent.systemd import Units


def survey(places: Places) -> tuple[list[Change], list[str]]:
    """Return what would be removed, and what stays."""
    made = Made.read(places)
    changes = [_file_change(path, digest) for path, digest in sorted(made.files.items())]
    units = sorted(path.name for path in _release_units(places))
    changes += [Change(name, "destroy") for name in units]
    if made.acme:
        changes.append(Change(f"certificate {made.acme}", "destroy", ("kept by certbot",)))
    changes += _folder_changes(places, made)
    if made.user:
        changes.append(Change(f"user {made.user}", "destroy"))
    stay = ", ".join(made.packages)
    return changes, [f"These packages stay, as others may use them by now: {stay}."] if stay else []


def remove(places: Places, units: Units, tell: Tell) -> None:
    """Remove what was made; what serves is stopped first.

    Raises:
        RefusedError: something could not be removed; the rest of it is still on record.
    """
    made = Made.read(places)
    tell("stopping what serves")
    _remove_units(places, units)
    for name in sorted(made.files):
        path = Path(name)
        tell(f"removing {path}")
        if path == places.site:
            bootstrap_nginx.remove_site(path)
        else:
            durable.remove(path)
    units.reload()
    bootstrap_certificate.forget(made)
    _remove_logs(places)
    if str(data_folder(places)) in made.folders:
        tell(f"removing {data_folder(places)}")
        remove_folder(data_folder(places))
    if made.user and ask(["id", made.user])[0] == 0:
        run(["userdel", made.user], f"The user {made.user} cannot be removed.")
    if str(places.root) in made.folders:
        tell(f"removing {places.root}")
        _remove_root(places)


def _file_change(name: str, digest: str) -> Change:
    edited = digest_of(Path(name)) not in (None, digest)
    return Change(name, "destroy", ("edited by hand",) if edited else ())


def _folder_changes(places: Places, made: Made) -> list[Change]:
    notes = {
        str(places.root): "with all releases and secrets",
        str(data_folder(places)): "with the API's own data",
    }
    return [
        Change(f"{name}/", "destroy", (f"{notes[name]}: {size_of(Path(name))}",))
        for name in made.folders
        if name in notes and Path(name).exists()
    ]


def _release_units(places: Places) -> Sequence[Path]:
    return list(places.unit_files.glob(f"{places.app}@*.s*"))


def _remove_units(places: Places, units: Units) -> None:
    files = _release_units(places)
    ask(["systemctl", "disable", "--quiet", places.boot_unit])
    # In one job, so that no request starts a service again by its socket.
    names = sorted((path.name for path in files), key=lambda name: not name.endswith(".socket"))
    ask(["systemctl", "stop", places.boot_unit, *names], seconds=None)
    for file in files:
        durable.remove(file)
    units.reload()
    shutil.rmtree(places.run / places.app, ignore_errors=True)


def _remove_logs(places: Places) -> None:
    """Remove what nginx wrote of the site; its rotated logs too."""
    for log in (places.base / "var/log/nginx").glob(f"{places.app}.*.log*"):
        durable.remove(log)


def _remove_root(places: Places) -> None:
    """Remove the folder, the secrets first and the record last: a second try finds the rest."""
    remove_folder(places.secrets)
    for entry in sorted(places.root.iterdir()):
        if entry == places.made:
            continue
        if entry.is_dir() and not entry.is_symlink():
            remove_folder(entry)
        else:
            durable.remove(entry)
    remove_folder(places.root)
