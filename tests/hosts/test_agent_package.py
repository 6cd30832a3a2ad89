"""How the agent gets to a host: as one zip, by a program that older Pythons can read."""

import ast
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile

import pytest

from llmops_cli.hosts.agent_package import agent_archive, loader
from llmops_cli.hosts.agent_package import agent_archive as again


def _load(app: str, archive: bytes, said: bytes, *, before: str = "") -> list[dict[str, object]]:
    """Run the loader as a host does; return what it and the agent say."""
    words = [app, hashlib.sha256(agent_archive()).hexdigest(), str(len(archive))]
    ended = subprocess.run(
        [sys.executable, "-I", "-c", before + loader(), *words],
        input=archive + said,
        capture_output=True,
        check=False,
        timeout=30,
    )
    assert ended.stderr == b""
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_the_agent_is_one_small_zip_of_standard_python_and_always_the_same() -> None:
    agent_archive.cache_clear()
    first = agent_archive()
    agent_archive.cache_clear()
    assert again() == first
    assert len(first) < 200_000
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        trees = [ast.parse(archive.read(name)) for name in archive.namelist()]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    imported = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    imported |= {
        alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
    }
    own = {name for name in imported if name.startswith("llmops_cli.hosts.agent")}
    assert {name.partition(".")[0] for name in imported - own} <= set(sys.stdlib_module_names)


def test_a_python_that_is_too_old_is_told_in_words() -> None:
    ast.parse(loader(), feature_version=(3, 4))
    old = "import sys\nsys.version_info = (3, 9, 2)\nsys.version = '3.9.2 (main)'\n"
    [line] = _load("shop", b"", b"", before=old)
    assert "Python 3.9.2 runs on the host" in str(line["refused"])


@pytest.mark.skipif(os.geteuid() == 0, reason="needs not to be root")
def test_a_login_that_is_not_root_is_told_in_words() -> None:
    [line] = _load("shop", b"", b"")
    assert "not root" in str(line["refused"])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root")
class TestLoadedAsRoot:
    """As a host runs it; the service has a name that no host has."""

    app = "llmops-test-of-nothing"

    def test_an_agent_that_is_not_kept_is_sent_and_answers(self) -> None:
        question = b'{"do": "kept", "limit": 1}\n'
        assert _load(self.app, agent_archive(), question) == [
            {"hello": "llmops", "agent": "wanted"},
            {"answer": {"releases": []}},
        ]

    def test_an_agent_that_arrives_damaged_is_not_run(self) -> None:
        [hello, refused] = _load(self.app, agent_archive()[:-1] + b"x", b"")
        assert hello["agent"] == "wanted"
        assert "damaged" in str(refused["refused"])
