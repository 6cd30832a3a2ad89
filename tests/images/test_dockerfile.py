"""The Dockerfile keeps the rules of the trade, whatever the project says."""

import shutil
import subprocess
from pathlib import Path

import pytest

from llmops_cli.config.load import parse
from llmops_cli.images.builder import Kind, Order, arguments
from llmops_cli.images.dockerfile import dockerfile

PROJECTS = {
    "plain": "",
    "with packages": '[image]\nrequirements = "requirements.txt"',
    "with a model": '[api]\nmodel="m"\n[[api.upstreams]]\nname="e"\ngguf="m.gguf"\nmodels=["m"]',
}
needs_hadolint = pytest.mark.skipif(shutil.which("hadolint") is None, reason="needs hadolint")


@needs_hadolint
@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("name", PROJECTS)
def test_hadolint_finds_nothing(name: str, kind: Kind) -> None:
    found = subprocess.run(
        ["hadolint", "--no-color", "-"],
        input=_text(PROJECTS[name], kind),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout) == (0, "")


def test_the_library_that_the_engine_links_to_is_there_with_it_and_not_without() -> None:
    text = _text(PROJECTS["with a model"], Kind.BUILDKIT)
    assert "COPY --from=libraries /found/ /\n" in text
    assert "LD_LIBRARY_PATH=/libraries" in text
    assert "libraries" not in _text(PROJECTS["with packages"], Kind.BUILDKIT)


@pytest.mark.parametrize("kind", list(Kind))
def test_nothing_is_fetched_that_the_project_does_not_name(kind: Kind) -> None:
    text = _text(PROJECTS["with packages"], kind)
    assert "syntax=" not in text
    assert ":latest" not in text
    bases = {line.split()[1] for line in text.splitlines() if line.startswith("FROM ")}
    assert bases == {"python:3.13-slim", "packages"}
    assert ("--mount=type=cache" in text) == (kind is not Kind.CLASSIC)


def test_a_builder_gets_labels_platform_and_cache_as_asked() -> None:
    order = Order(Path("/c"), "Dockerfile", "a/b:1", {"k": "v w"}, "linux/arm64", use_cache=False)
    for kind in Kind:
        words = arguments(kind, order)
        assert words[-1] == "/c"
        assert words[words.index("--label") :][:2] == ["--label", "k=v w"]
        assert words[words.index("--platform") :][:2] == ["--platform", "linux/arm64"]
        assert "--no-cache" in words
    assert "--load" in arguments(Kind.BUILDKIT, order)
    assert arguments(Kind.PODMAN, order)[1:3] == ["--format", "docker"]


def _text(lines: str, kind: Kind = Kind.BUILDKIT) -> str:
    return dockerfile(parse(f'name = "x"\n{lines}\n', "llmops.toml"), kind, {})
