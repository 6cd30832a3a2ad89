"""Without the extra `docker`, what needs it says so in one line, and the rest works."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.project import make_project

#: Runs the command line as if one module of the extra were not installed.
WITHOUT = """
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "{module}" else find(name, *rest)
from llmops_cli.cli.main import main
main()
"""


@pytest.mark.parametrize("module", ["python_on_whales", "kingfisher_sdk", "ahocorasick_rs"])
def test_a_command_that_makes_images_names_the_extra(tmp_path: Path, module: str) -> None:
    project = make_project(tmp_path / "demo")
    project.write("llmops.toml", 'name = "demo"\n[targets.compose]\n')
    project.commit()
    script = WITHOUT.format(module=module)
    done = subprocess.run(
        [sys.executable, "-c", script, "-C", str(project.root), "build"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert "pip install 'llmops-cli[docker]'" in done.stderr
    assert module in done.stderr
