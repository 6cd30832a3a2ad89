"""Runs `llmops smoke-test` as a person or a CI job does."""

import os
import subprocess
from pathlib import Path

from tests.checks.faulty_servers import KEY
from tests.project import LLMOPS, Run

ARGUMENTS = ("smoke-test", "--timeout", "5", "--model-timeout", "5", "--url")


class Shell:
    """Runs the command line in an empty folder with a clean environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = ("PATH", "HOME", "PYTHONPATH", "VIRTUAL_ENV")
        self.environment = {name: os.environ[name] for name in kept if name in os.environ}
        self.environment["LLMOPS_API_KEY"] = KEY

    def __call__(self, url: str, *more: str, before: tuple[str, ...] = ()) -> Run:
        done = subprocess.run(
            [*LLMOPS, *before, *ARGUMENTS, url, *more],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)
