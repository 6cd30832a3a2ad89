"""A bound for the host's journal, where nobody has set one."""

import re
from pathlib import Path

from llmops_cli.hosts.agent.bootstrap_parts import File
from llmops_cli.hosts.agent.places import Places

_TEXT = """# Written by llmops: the journal of this host, with the API's log, stays bounded.
[Journal]
SystemMaxUse=1G
SystemKeepFree=1G
"""
_SETS = re.compile(r"^\s*SystemMaxUse\s*=", re.MULTILINE)


def journal_file(places: Places) -> File | None:
    """Return the file that bounds the journal, or None where somebody else does that."""
    own = places.base / "etc/systemd/journald.conf.d" / f"llmops-{places.app}.conf"
    others = (path for path in _configuration(places.base) if path != own)
    if any(_SETS.search(path.read_text(errors="replace")) for path in others):
        return None
    return File(own, _TEXT)


def _configuration(base: Path) -> list[Path]:
    found = [base / "etc/systemd/journald.conf"]
    for folder in ("etc", "run", "usr/lib"):
        found += sorted((base / folder / "systemd/journald.conf.d").glob("*.conf"))
    return [path for path in found if path.is_file()]
