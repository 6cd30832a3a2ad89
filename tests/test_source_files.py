"""What is not committed, snapshots, and the files of a release, whatever their names."""

import os
import subprocess
from pathlib import Path

import pytest

from llmops_cli.errors import BuildError, PreflightError
from llmops_cli.source import Source, open_source
from tests.project import LLMOPS
from tests.repository import Repository

ODD_NAMES = [
    "ünï cödé.txt",
    'quote".txt',
    "back\\slash.txt",
    "new\nline.txt",
    " space ",
    "-dash",
    "tab\t.txt",
]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def source(repository: Repository) -> Source:
    return open_source(repository.root)


def exported(source: Source, tree: str, folder: Path) -> Path:
    folder.mkdir()
    source.export(tree, folder)
    return folder


def test_everything_that_differs_from_the_commit_is_uncommitted(
    repository: Repository, source: Source
) -> None:
    for name in ("edited", "staged", "removed", "old name", "mode"):
        repository.write(name, f"{name}\n" * 9)
    repository.write(".gitignore", "ignored\n")
    repository.commit("Several")
    assert source.uncommitted() == ()
    repository.write("edited", "other\n")
    repository.write("staged", "other\n")
    repository.git("add", "staged")
    (repository.root / "removed").unlink()
    repository.git("mv", "old name", "new name")
    (repository.root / "mode").chmod(0o755)
    repository.write("folder/untracked", "new\n")
    repository.write("ignored", "not looked at\n")
    changed = ["edited", "folder/untracked", "mode", "new name", "old name", "removed", "staged"]
    assert sorted(source.uncommitted()) == changed


def test_names_are_told_as_they_are(repository: Repository, source: Source) -> None:
    for name in ODD_NAMES:
        repository.write(f"f/{name}", "new\n")
    assert sorted(source.uncommitted()) == sorted(f"f/{name}" for name in ODD_NAMES)
    assert repository.files(source.snapshot()) == sorted(["a.txt", *source.uncommitted()])


def test_a_name_that_would_move_the_cursor_is_shown_escaped(repository: Repository) -> None:
    repository.write("llmops.toml", 'name = "demo"\n')
    repository.commit("Project")
    repository.write("new\n\x1b[31mline.txt", "new\n")
    done = subprocess.run(
        [*LLMOPS, "plan"], cwd=repository.root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    assert r"'new\n\x1b[31mline.txt'" in done.stderr
    assert "\x1b" not in done.stderr


def test_a_snapshot_holds_the_working_files_and_leaves_the_index_alone(
    repository: Repository, source: Source
) -> None:
    repository.write("staged.txt", "staged\n")
    repository.git("add", "staged.txt")
    repository.write("staged.txt", "edited after\n")
    repository.write("untracked.txt", "new\n")
    (repository.root / "a.txt").unlink()
    index = repository.root / ".git" / "index"
    before, status = index.read_bytes(), repository.git("status", "--porcelain")
    tree = source.snapshot()
    assert index.read_bytes() == before
    assert repository.git("status", "--porcelain") == status
    assert repository.files(tree) == ["staged.txt", "untracked.txt"]
    assert source.read(tree, "staged.txt") == "edited after"
    assert source.snapshot() == tree


def test_a_clean_snapshot_is_the_tree_of_the_commit(source: Source) -> None:
    assert source.snapshot() == source.commit().tree


def test_a_folder_of_a_larger_repository_is_a_project_of_its_own(repository: Repository) -> None:
    repository.write("services/chat/llmops.toml", 'name = "demo"\n')
    repository.commit("Add a service")
    source = open_source(repository.root / "services" / "chat")
    assert source.prefix == "services/chat"
    repository.write("elsewhere.txt", "not ours\n")
    assert source.uncommitted() == ()
    assert source.snapshot() == source.commit().tree
    repository.write("services/chat/new.txt", "ours\n")
    assert source.uncommitted() == ("services/chat/new.txt",)
    assert repository.files(source.snapshot()) == ["llmops.toml", "new.txt"]
    with pytest.raises(PreflightError):
        source.commit("HEAD~1")


def test_an_export_is_the_files_as_git_has_them(
    repository: Repository, source: Source, tmp_path: Path
) -> None:
    repository.write("bin/run", "#!/bin/sh\n").chmod(0o755)
    (repository.root / "link").symlink_to("bin/run")
    (repository.root / "broken link").symlink_to("nowhere")
    for name in ODD_NAMES:
        repository.write(f"f/{name}", name)
    repository.write("empty", "")
    repository.commit("All kinds")
    folder = exported(source, source.commit().tree, tmp_path / "release")
    found = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if not p.is_dir())
    assert found == repository.files("HEAD")
    assert os.access(folder / "bin" / "run", os.X_OK)
    assert not (folder / "a.txt").stat().st_mode & 0o111
    assert (folder / "link").readlink() == Path("bin/run")
    assert (folder / "broken link").is_symlink()
    assert [(folder / "f" / name).read_text() for name in ODD_NAMES] == ODD_NAMES
    assert not (folder / ".git").exists()


@pytest.mark.parametrize("goal", ["/etc/passwd", "../../outside"])
def test_a_link_that_leaves_the_release_is_refused(
    repository: Repository, source: Source, tmp_path: Path, goal: str
) -> None:
    (repository.root / "link").symlink_to(goal)
    repository.commit("A link to elsewhere")
    with pytest.raises(BuildError) as raised:
        exported(source, source.commit().tree, tmp_path / "release")
    assert "link" in raised.value.evidence


def test_an_export_into_a_place_that_takes_nothing_is_a_build_error(
    source: Source, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(BuildError) as raised:
        source.export(source.commit().tree, tmp_path / "file")
    assert raised.value.exit_status == 7


def test_an_export_of_a_tree_that_is_not_there_is_a_build_error(
    source: Source, tmp_path: Path
) -> None:
    with pytest.raises(BuildError):
        exported(source, "0" * 40, tmp_path / "release")


def test_a_file_is_read_from_the_tree_and_not_from_the_folder(
    repository: Repository, source: Source
) -> None:
    tree = source.commit().tree
    repository.write("a.txt", "edited\n")
    assert source.read(tree, "a.txt") == "one"
    assert source.read(tree, "nope.txt") is None
