"""Which commit it is: in worktrees, clones and hooks, and where there is none."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from llmops_cli.errors import PreflightError
from llmops_cli.source import Source, open_source
from tests.project import LLMOPS
from tests.repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def source(repository: Repository) -> Source:
    return open_source(repository.root)


def test_a_commit_is_read_with_its_tree_time_and_subject(
    repository: Repository, source: Source
) -> None:
    sha = repository.commit('Sübject: with % and "quotes"\n\nA body.')
    commit = source.commit()
    assert (commit.sha, commit.subject) == (sha, 'Sübject: with % and "quotes"')
    assert commit.tree == repository.git("rev-parse", "HEAD^{tree}")
    assert commit.committed_at.isoformat() == repository.git("log", "-1", "--format=%cI")
    assert commit.committed_at.tzinfo is not None
    assert source.commit("HEAD~1").subject == "First"


def test_a_commit_without_a_message_has_an_empty_subject(
    repository: Repository, source: Source
) -> None:
    repository.git("commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "")
    assert source.commit().subject == ""


@pytest.mark.parametrize("reference", ["nope", "--all", "", "-n1"])
def test_what_is_no_commit_is_refused_and_never_taken_for_an_option(
    source: Source, reference: str
) -> None:
    with pytest.raises(PreflightError):
        source.commit(reference)


def test_a_detached_head_is_a_commit_like_others(repository: Repository, source: Source) -> None:
    first = source.commit()
    repository.commit("Second")
    repository.git("checkout", "-q", "--detach", first.sha)
    assert source.commit() == first
    assert source.uncommitted() == ()


def test_a_worktree_and_a_shallow_clone_are_repositories(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit("Second")
    repository.git("worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    clone = ["git", "clone", "-q", "--depth=1", repository.root.as_uri(), str(tmp_path / "clone")]
    subprocess.run(clone, check=True)
    for folder in (tmp_path / "tree", tmp_path / "clone"):
        found = open_source(folder)
        assert found.commit() == open_source(repository.root).commit()
        (folder / "new.txt").write_text("new\n")
        assert found.uncommitted() == ("new.txt",)
        assert "new.txt" in repository_files(found)


def repository_files(source: Source) -> list[str]:
    listing = ["git", "ls-tree", "-r", "--name-only", source.snapshot()]
    done = subprocess.run(listing, cwd=source.top, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_outside_any_repository_the_next_step_makes_one(tmp_path: Path) -> None:
    with pytest.raises(PreflightError) as raised:
        open_source(tmp_path)
    assert "in no git repository" in raised.value.message
    assert "git init" in raised.value.next_step
    assert raised.value.exit_status == 4


def test_without_a_commit_the_next_step_makes_one(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    with pytest.raises(PreflightError) as raised:
        open_source(tmp_path).commit()
    assert "git commit" in raised.value.next_step


def test_a_bare_repository_is_no_project(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", "--bare", str(tmp_path / "bare.git")], check=True)
    with pytest.raises(PreflightError):
        open_source(tmp_path / "bare.git")


@pytest.mark.parametrize("command", ["plan", "deploy", "rollback"])
def test_without_git_every_command_that_needs_it_says_so(
    repository: Repository, command: str
) -> None:
    repository.write("llmops.toml", 'name = "demo"\n')
    done = subprocess.run(
        [*LLMOPS, command],
        cwd=repository.root,
        env={"PATH": str(repository.root), "HOME": str(repository.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert "git is not installed" in done.stderr
    assert "Traceback" not in done.stderr


HOOK = '#!/bin/sh\ncd "$PROJECT" && "$PYTHON" -m llmops_cli --json plan > "$OUT"\n'


def test_a_hook_of_one_repository_can_look_at_another(
    repository: Repository, tmp_path: Path
) -> None:
    repository.write("llmops.toml", 'name = "demo"\n\n[api]\nauth = "none"\n')
    sha = repository.commit("The project")
    other = Repository(tmp_path / "other")
    other.write(".git/hooks/pre-commit", HOOK).chmod(0o755)
    out = tmp_path / "out.json"
    variables = {"PROJECT": str(repository.root), "PYTHON": sys.executable, "OUT": str(out)}
    done = subprocess.run(
        ["git", "commit", "-q", "--allow-empty", "-m", "With a hook"],
        cwd=other.root,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(out.read_text())["release"]["commit"] == sha


def test_no_variable_that_git_sets_for_hooks_leads_astray(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = open_source(repository.root).commit()
    names = repository.git("rev-parse", "--local-env-vars").split()
    # An operator may well give settings in the environment, and git gives none to a hook.
    for name in set(names) - {"GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"}:
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    repository.root.joinpath("new.txt").write_text("new\n")
    source = open_source(repository.root)
    assert source.commit() == expected
    assert source.uncommitted() == ("new.txt",)
    assert source.snapshot() != expected.tree


def test_a_signature_is_no_part_of_the_commit(repository: Repository, tmp_path: Path) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    for name, value in (("gpg.format", "ssh"), ("user.signingKey", str(key))):
        repository.git("config", name, value)
    repository.git("config", "log.showSignature", "true")
    repository.git("commit", "-q", "-S", "--allow-empty", "-m", "Signed")
    assert open_source(repository.root).commit().subject == "Signed"


def test_a_repository_of_another_user_is_told_with_gits_own_words(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a repository to another user")
    for path in (repository.root, *repository.root.rglob("*")):
        os.chown(path, 12345, 12345)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(PreflightError) as raised:
        open_source(repository.root)
    assert "dubious ownership" in raised.value.evidence
    assert "safe.directory" in raised.value.evidence + raised.value.next_step
    assert raised.value.exit_status == 4
