"""The compose file of a host's stack: the services of its profile, and nothing before them."""

from dataclasses import dataclass

from llmops_cli.rendering import render
from llmops_cli.stacks.beside import Beside
from llmops_cli.stacks.stack import Stack


@dataclass(frozen=True)
class HostStackFile:
    """What runs on a host in containers."""

    stack: Stack
    beside: Beside

    def text(self) -> str:
        """Return the compose file. It holds names and volumes of secrets, and no value."""
        return render(
            "host/stack.yaml.j2",
            {
                "stack": self.stack.name,
                "services": self.beside.text,
                "volumes": self.beside.volumes,
            },
        )

    def documents(self) -> dict[str, str]:
        """Return the files of the stack by path, for people to read."""
        found = {"stack/compose.yaml": self.text()}
        for files in self.beside.files:
            found |= {f"stack/{files.service}/{path}": text for path, text in files.texts.items()}
        return found
