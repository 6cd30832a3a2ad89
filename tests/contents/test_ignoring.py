"""`.dockerignore` is read as Docker reads it."""

import subprocess
from pathlib import Path

import pytest

from llmops_cli.contents.ignoring import LEFT_OUT, REFUSED, Ignored
from tests.engines import needs_engine
from tests.images.small import unique

FILES = (
    *("a.md", "b/a.md", "b/c/a.md", "b/c/d.txt", "e f.txt", "#odd", "x[1].txt", "x1.txt", "xy.py"),
    *(".env", "b/.env", "docs/a.md", "docs/keep.md", "docs/deep/keep.md", "one/two/three/four"),
)
LISTS = {
    "names": "a.md\n# a comment\n\nb/c/d.txt\n",
    "stars": "*.md\n*/*.txt\n",
    "double stars": "**/*.md\n!b/c/a.md\n",
    "a folder and what is kept of it": "docs\n!docs/keep.md\n!docs/deep\n",
    "the last line decides": "!a.md\na.md\n**\n!xy.py\n!one/two\n",
    "slashes and dots": "/a.md\n./b\n docs/ \nb/../e f.txt\n",
    "classes": "x[0-9].txt\n#odd\n",
    "escapes": "x\\[1\\].txt\n?y.py\n",
    "in the middle": "one/**/four\n**/.env\n",
    "all": "*\n!b\n",
    "not a class": "x[^0-8]*\n",
}


@needs_engine
@pytest.mark.parametrize("name", LISTS)
def test_the_same_files_are_left_out_as_by_docker(name: str, tmp_path: Path) -> None:
    for path in FILES:
        file = tmp_path / "context" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    (tmp_path / "context" / ".dockerignore").write_text(f"{LISTS[name]}\n.dockerignore\n")
    ignored = Ignored(LISTS[name].split("\n"))
    assert _sent(tmp_path) == {path for path in FILES if path not in ignored}


@pytest.mark.parametrize(
    "path",
    [
        *(".env", ".env.production", "app/.env", "prod.env", ".git/config", "home/.ssh/config"),
        *(".llmops/local/secrets/K/1", ".github/workflows/deploy.yml", "id_rsa", "x.tfstate"),
    ],
)
def test_secrets_and_histories_are_refused(path: str) -> None:
    assert path in Ignored(REFUSED)


def test_a_project_brings_back_what_is_left_out_by_default() -> None:
    ignored = Ignored((*LEFT_OUT, "!docs", "docs/drafts"))
    assert "docs/help.md" not in ignored
    assert "docs/drafts/help.md" in ignored
    assert "tests/test_routes.py" in ignored
    assert "prompts/README.md" not in ignored
    assert "mypackage/main.py" not in ignored


def _sent(folder: Path) -> set[str]:
    """The files that Docker copies into an image."""
    (folder / "Dockerfile").write_text('FROM scratch\nCOPY . /\nCMD ["none"]\n')
    name = unique()
    build = ["docker", "build", "-q", "-t", name, "-f", str(folder / "Dockerfile")]
    subprocess.run([*build, str(folder / "context")], capture_output=True, check=True)
    try:
        subprocess.run(["docker", "create", "--name", name, name], capture_output=True, check=True)
        listed = subprocess.run(
            f"docker export {name} | tar -t", shell=True, capture_output=True, text=True, check=True
        )
    finally:
        subprocess.run(["docker", "rm", "-f", name], capture_output=True, check=False)
        subprocess.run(["docker", "rmi", "-f", name], capture_output=True, check=False)
    return set(listed.stdout.splitlines()) & set(FILES)
