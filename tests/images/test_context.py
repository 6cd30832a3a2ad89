"""Files of a build context have ages that tell their contents, and nothing else."""

from pathlib import Path

from llmops_cli.images.context import MOMENT, level


def age(folder: Path, text: str) -> int:
    folder.mkdir()
    (folder / "file").write_text(text)
    (folder / "link").symlink_to("nowhere")
    level(folder)
    assert folder.stat().st_mtime == MOMENT
    assert (folder / "link").lstat().st_mtime == MOMENT
    return (folder / "file").stat().st_mtime_ns


def test_another_text_of_the_same_length_is_another_age_and_the_same_text_the_same(
    tmp_path: Path,
) -> None:
    first = age(tmp_path / "first", "model: gpt-5")
    assert age(tmp_path / "edited", "model: gpt-6") != first
    assert age(tmp_path / "again", "model: gpt-5") == first
    assert first % 1_000_000_000 == 0
