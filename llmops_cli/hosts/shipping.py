"""How the agent is put on a host: its file, and the words that receive and run it there."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cached_property

from llmops_cli.hosts.agent_package import agent_archive, loader


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
    return Package(agent_archive(), loader())
