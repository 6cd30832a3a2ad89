"""Rendering shows what the target and its images would use, and writes where it is told to."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from llmops_cli.core.release import Release
from llmops_cli.core.target import Documented
from llmops_cli.errors import PreflightError
from llmops_cli.flows.render import Rendered, write
from llmops_cli.targets.local.target import LocalTarget

RELEASE = Release("0123456789ab", "0" * 40, "1" * 40, datetime.now(UTC), "First")
FILES = {"compose.yaml": "services: {}\n", "gateway/haproxy.cfg": "global\n"}


class Documents:
    def documents(self, release: Release) -> Mapping[str, str]:
        return FILES


def test_files_are_written_below_the_folder_and_again(tmp_path: Path) -> None:
    for _ in range(2):
        written = write(Rendered(RELEASE, FILES), tmp_path / "out")
    assert [path.relative_to(tmp_path / "out").as_posix() for path in written] == list(FILES)
    assert (tmp_path / "out/gateway/haproxy.cfg").read_text() == "global\n"


def test_a_folder_that_cannot_be_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with pytest.raises(PreflightError, match="cannot be written"):
        write(Rendered(RELEASE, FILES), tmp_path / "out")


def test_having_documents_is_a_choice_of_a_target() -> None:
    assert isinstance(Documents(), Documented)
    assert not issubclass(LocalTarget, Documented)
