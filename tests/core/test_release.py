"""The id of a release says commit, uncommitted changes and revision, and nothing is confused."""

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.core.release import Release, release_id
from llmops_cli.serve.settings import load

SHA = "3f2a9c1d5e6b7a8091a2b3c4d5e6f708192a3b4c"
TREE = "aa11bb22cc33dd44ee55ff6600778899aabbccdd"
shas = st.text("0123456789abcdef", min_size=40, max_size=40)
trees = st.just("") | shas
revisions = st.integers(1, 10_000)


def test_an_id_is_the_short_sha_what_is_uncommitted_and_the_revision() -> None:
    assert release_id(SHA) == "3f2a9c1d5e6b"
    assert release_id(SHA, revision=2) == "3f2a9c1d5e6b.2"
    assert release_id(SHA, dirty_tree=TREE) == "3f2a9c1d5e6b-dirty-aa11bb22"
    assert release_id(SHA, dirty_tree=TREE, revision=3) == "3f2a9c1d5e6b-dirty-aa11bb22.3"


@given(shas, trees, revisions, trees, revisions)
def test_two_releases_of_a_commit_have_two_ids(
    sha: str, tree: str, revision: int, other_tree: str, other_revision: int
) -> None:
    ids = {
        release_id(sha, dirty_tree=tree, revision=revision),
        release_id(sha, dirty_tree=other_tree, revision=other_revision),
    }
    same = (tree[:8], revision) == (other_tree[:8], other_revision)
    assert len(ids) == (1 if same else 2)


@given(shas, trees, revisions)
def test_an_id_is_a_name_of_a_file_and_begins_with_the_sha(
    sha: str, tree: str, revision: int
) -> None:
    name = release_id(sha, dirty_tree=tree, revision=revision)
    assert re.fullmatch(r"[0-9a-f]{12}[0-9a-z.-]*", name)
    assert len(name) < 64
    assert sha.startswith(name[:12])
    assert release_of(name).is_dirty is bool(tree)
    assert load({"LLMOPS_RELEASE": name, "LLMOPS_AUTH": "none"}).release == name


def release_of(name: str) -> Release:
    return Release(name, SHA, TREE, datetime.now(UTC), "Subject")


def test_a_release_is_the_same_whatever_its_settings_are() -> None:
    first, second = release_of("a"), release_of("a")
    assert first.settings == {}
    one = Release("a", SHA, TREE, first.committed_at, "Subject", {"HOST": "x"}, {"KEY": "1"})
    assert one == first
    assert release_of("b") != second
