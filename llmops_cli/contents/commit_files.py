"""The files of a commit that a release gets: all but what is ignored, and never what is refused."""

from pathlib import Path

from llmops_cli.contents.ignoring import REFUSED, Ignored
from llmops_cli.source import Source


def put_commit(source: Source, tree: str, folder: Path, ignored: Ignored) -> list[str]:
    """Write the files of a tree into a new folder, less what is ignored; return their paths."""
    folder.mkdir()
    source.export(tree, folder)
    refused = Ignored(REFUSED)
    kept = []
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if name in refused or name in ignored:
            path.unlink()
        else:
            kept.append(name)
    remove_empty(folder)
    return kept


def remove_empty(folder: Path) -> None:
    """Remove the folders below a folder that hold nothing; git knows none either."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
