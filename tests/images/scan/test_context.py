"""What would be sent to a builder is searched first."""

from pathlib import Path

import pytest

from llmops_cli.core.secret import Secret
from llmops_cli.errors import SecretFoundError
from llmops_cli.images.scan.context import refuse_secrets, scan_folder
from tests.images.scan.planted import drawn


def test_files_of_a_folder_are_searched_and_links_are_not_followed(tmp_path: Path) -> None:
    value = drawn(30)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "key").write_text(value)
    context = tmp_path / "context"
    (context / "app" / "prompts").mkdir(parents=True)
    (context / "app" / "link").symlink_to(outside)
    (context / "app" / "prompts" / "a.md").write_text(f"one\n{value}\n")
    found = scan_folder(context, {"NAME": [Secret(value)]})
    assert [(leak.what, leak.place) for leak in found] == [("NAME", "app/prompts/a.md, line 2")]


def test_where_a_link_points_to_is_searched(tmp_path: Path) -> None:
    value = drawn(30)
    (tmp_path / "link").symlink_to(f"/nowhere/{value}")
    [leak] = scan_folder(tmp_path, {"NAME": [Secret(value)]})
    assert (leak.what, leak.place) == ("NAME", "link (a link)")


def test_a_secret_in_the_folder_stops_the_build_and_is_not_shown(tmp_path: Path) -> None:
    value = drawn(30)
    (tmp_path / "a.txt").write_text(value)
    with pytest.raises(SecretFoundError) as caught:
        refuse_secrets(tmp_path, {"NAME": [Secret(value)]})
    assert caught.value.exit_status == 13
    assert "NAME: a.txt, line 1" in caught.value.evidence
    assert value[:5] not in str(caught.value.as_dict())


def test_a_folder_without_secrets_is_let_through(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("nothing")
    (tmp_path / "ignored.md").write_text(f"ghp_{drawn(36)}")
    refuse_secrets(tmp_path, {"NAME": [Secret(drawn(30))]}, ignored=("ignored.md",))
