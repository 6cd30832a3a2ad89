"""The agent as it is sent to a host: one zip that its Python runs, and what receives it there."""

import io
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import llmops_cli
from llmops_cli.hosts.agent import loader as loading

_PACKAGE = Path(llmops_cli.__file__).parent
_MAIN = '"""Runs the agent."""\n\nfrom llmops_cli.hosts.agent.entry import main\n\nmain()\n'
#: The oldest that a zip can tell; equal content makes an equal zip.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


@cache
def agent_archive() -> bytes:
    """Return the agent as a zip that ``python3 -I agent.pyz`` runs; always the same bytes."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in _contents():
            archive.writestr(_entry(name), content, zipfile.ZIP_DEFLATED, 9)
    return written.getvalue()


def loader() -> str:
    """Return the program that ``python3 -I -c PROGRAM APP SHA256 SIZE`` runs on the host."""
    return loading.TEXT


def _contents() -> Iterator[tuple[str, bytes]]:
    yield "__main__.py", _MAIN.encode()
    for folder in ("", "hosts/"):
        yield f"llmops_cli/{folder}__init__.py", b""
    for path in sorted((_PACKAGE / "hosts" / "agent").glob("*.py")):
        yield f"llmops_cli/hosts/agent/{path.name}", path.read_bytes()


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _NO_TIME)
    entry.external_attr = 0o644 << 16
    entry.create_system = 3
    return entry
