"""Secret values in files: for their owner only, one version after another, never in git."""

import stat
import subprocess
from pathlib import Path

import pytest

from llmops_cli.core.secret import Secret
from llmops_cli.errors import UsageError
from llmops_cli.secret_stores.file import FileStore


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_value_and_its_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "secrets")
    version = store.write("OPENAI_API_KEY", Secret("value"))
    assert mode(store.path("OPENAI_API_KEY", version)) == 0o600
    assert mode(tmp_path / "secrets") == 0o700
    assert mode(tmp_path / "secrets" / "OPENAI_API_KEY") == 0o700


def test_a_new_value_is_a_new_version_and_the_old_one_stays(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "secrets")
    versions = [store.write("KEY", Secret(f"value {number}")) for number in range(1, 12)]
    assert versions[-1] == "11" == store.current_version("KEY")
    assert store.read("KEY") == Secret("value 11")
    assert store.read("KEY", "2") == Secret("value 2")
    assert store.read("KEY", "99") is None


def test_what_is_removed_or_never_set_has_no_value(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "secrets")
    assert (store.read("KEY"), store.current_version("KEY"), store.names()) == (None, None, ())
    store.write("KEY", Secret("value"))
    assert store.names() == ("KEY",)
    store.remove("KEY")
    store.remove("KEY")
    assert (store.read("KEY"), store.names()) == (None, ())


@pytest.mark.parametrize("name", ["", "key", "../KEY", "A/B", "K" * 200, "1KEY", "KEY\n"])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        FileStore(tmp_path / "secrets").write(name, Secret("value"))


def test_git_sees_no_value_even_where_the_project_ignores_nothing(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    FileStore(tmp_path / ".llmops" / "local" / "secrets").write("KEY", Secret("value"))
    status = ["git", "-C", str(tmp_path), "status", "--porcelain", "-uall"]
    assert subprocess.run(status, capture_output=True, check=True).stdout == b""


def test_a_proposed_version_counts_when_it_is_accepted_and_never_when_it_is_withdrawn(
    tmp_path: Path,
) -> None:
    store = FileStore(tmp_path / "secrets")
    assert store.propose("A_KEY", Secret("first")) == "1"
    assert store.current_version("A_KEY") is None
    store.accept("A_KEY", "1")
    assert store.propose("A_KEY", Secret("second")) == "2"
    assert (store.current_version("A_KEY"), store.read("A_KEY")) == ("1", Secret("first"))
    assert store.read("A_KEY", "2") == Secret("second")
    assert store.write("A_KEY", Secret("third")) == "3"
    store.withdraw("A_KEY", "2")
    assert store.read("A_KEY", "2") is None
    assert store.current_version("A_KEY") == "3"
    assert store.propose("A_KEY", Secret("fourth")) == "4"
    store.withdraw("A_KEY", "4")
    assert store.write("A_KEY", Secret("fifth")) == "4"
    assert store.read("A_KEY") == Secret("fifth")
    assert store.remove("A_KEY") == ""
    assert list((tmp_path / "secrets").glob("A_KEY*")) == []


def test_a_mark_whose_value_was_never_written_does_not_make_a_later_value_a_proposal(
    tmp_path: Path,
) -> None:
    store = FileStore(tmp_path / "secrets")
    store.write("A_KEY", Secret("first"))
    (tmp_path / "secrets" / "A_KEY" / "2.proposed").touch()
    assert store.write("A_KEY", Secret("second")) == "3"
    assert store.current_version("A_KEY") == "3"
