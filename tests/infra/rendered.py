"""Writes what both kinds describe, everything switched on, for linters: `python -m … FOLDER`."""

import sys
from pathlib import Path

from llmops_cli.config.load import parse
from llmops_cli.flows.infra_files import files_for
from tests.infra.site import ALL

_PROJECT = """
name = "chat"
[targets.azure]
[targets.azure.infra]
location = "westeurope"
{azure}
[targets.azure-containerapp]
[targets.azure-containerapp.infra]
location = "westeurope"
{apps}
[targets.azure-containerapp.infra.weaviate]
"""


def write(folder: Path) -> None:
    """Write the files of both kinds below a folder."""
    everything = ALL.format(target="azure"), ALL.format(target="azure-containerapp")
    text = _PROJECT.format(azure=everything[0], apps=everything[1])
    config = parse(text, "llmops.toml")
    for target in config.targets:
        for path, content in files_for(config, target).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
