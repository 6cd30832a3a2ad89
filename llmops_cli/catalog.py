"""Name -> maker, for targets and secret stores; the only file that knows them all.

Every maker imports what it makes when it is called, so that no cloud's SDK is loaded for another.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from llmops_cli.config.model import Config, LocalTarget
from llmops_cli.core.target import Target
from llmops_cli.errors import PreflightError

#: The folder of a project in which the local target keeps its releases.
STATE_FOLDER = ".llmops"


def make_target(config: Config, name: str, directory: Path) -> Target:
    """Make the target of that name for the project in ``directory``. Touches nothing."""
    settings = config.targets[name]
    return _MAKERS[settings.kind](name, settings, directory)


def _local(name: str, settings: LocalTarget, directory: Path) -> Target:
    if sys.platform == "win32":
        raise PreflightError(
            "The local target needs Linux or macOS.", next_step="Run llmops in WSL."
        )
    from llmops_cli.secret_stores.file import FileStore
    from llmops_cli.targets.local.client import Client
    from llmops_cli.targets.local.layout import Layout
    from llmops_cli.targets.local.target import LocalTarget as Local

    layout = Layout(directory.resolve() / STATE_FOLDER / name)
    store = FileStore(layout.secrets)
    return Local(name, directory, settings, store, layout, Client(layout))


_MAKERS: Mapping[str, Callable[[str, LocalTarget, Path], Target]] = {"local": _local}
