"""The agent as one file that Python runs; the same code makes the same bytes."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_HOSTS = Path(__file__).parent
_FOLDER = "llmops_cli/hosts/agent"
_MAIN = b"from llmops_cli.hosts.agent.entry import main\n\nmain()\n"
#: When every file of it was last changed: the first moment that a ZIP file can hold.
_MOMENT = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Package:
    """The agent: the file, and the few lines of Python that receive it on a host."""

    archive: bytes
    loader: str

    @cached_property
    def digest(self) -> str:
        """The sha256 by which a host knows whether it keeps this very agent."""
        return hashlib.sha256(self.archive).hexdigest()

    def words(self, app: str) -> tuple[str, ...]:
        """Return the text that Python is to run, in one line for any shell, and its arguments."""
        text = base64.b64encode(self.loader.encode()).decode()
        code = f"import base64; exec(base64.b64decode('{text}'))"
        return (code, app, self.digest, str(len(self.archive)))


def agent_package() -> Package:
    """Return the agent that goes with this llmops."""
    from llmops_cli.hosts.agent import loader

    # Without what else is in these packages: the agent uses none of ours.
    files = {"llmops_cli/__init__.py": b"", "llmops_cli/hosts/__init__.py": b""}
    for file in (_HOSTS / "agent").glob("*.py"):
        files[f"{_FOLDER}/{file.name}"] = file.read_bytes()
    return Package(packed({**files, "__main__.py": _MAIN}), loader.TEXT)


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return a ZIP file of these files, by their paths."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(path, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return whole.getvalue()
