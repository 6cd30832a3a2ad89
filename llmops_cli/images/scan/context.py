"""Looks for secrets in a folder: a build context, before it is sent to a builder."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from llmops_cli.core.image import Leak
from llmops_cli.core.secret import Secret
from llmops_cli.errors import SecretFoundError
from llmops_cli.images.scan.chunks import chunks_of
from llmops_cli.images.scan.damage import broken
from llmops_cli.images.scan.exact import values_of
from llmops_cli.images.scan.file_search import Search
from llmops_cli.images.scan.needles import needles_of
from llmops_cli.images.scan.rules import load_rules


def scan_folder(
    folder: Path, secrets: Mapping[str, Sequence[Secret]], ignored: Sequence[str] = ()
) -> tuple[Leak, ...]:
    """Look for secrets in every file below a folder. Links are not followed, their texts are read.

    Arguments and meaning are those of `scan_image`; places are paths below the folder.

    Raises:
        BuildError: a file cannot be read.
        PreflightError: a package is missing.
    """
    search = Search(values_of(needles_of(secrets)), load_rules(), tuple(ignored))
    with broken("the folder of the build"):
        for path in _files(folder):
            name = path.relative_to(folder).as_posix()
            if path.is_symlink():
                search.text(f"{search.name(name)} (a link)", str(path.readlink()))
            elif path.is_file():
                search.file(name, _content(path))
    return tuple(search.leaks.all())


def refuse_secrets(
    folder: Path, secrets: Mapping[str, Sequence[Secret]], ignored: Sequence[str] = ()
) -> None:
    """Stop before a folder is sent to a builder, which may be on another machine.

    Raises:
        SecretFoundError: a secret is in it. Other errors are those of `scan_folder`.
    """
    leaks = scan_folder(folder, secrets, ignored)
    if leaks:
        raise SecretFoundError(
            f"{len(leaks)} secret{'s are' if len(leaks) > 1 else ' is'} in what would be built.",
            evidence="\n".join(f"{leak.what}: {leak.place}" for leak in leaks),
            state="Nothing was built or sent. What was serving is serving still.",
            next_step="Remove it from the commit, replace the value (llmops secrets set), and "
            "commit. Where it only looks like one: [image] scan_ignore.",
        )


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        # A folder that is a link is listed with the folders, and not walked into.
        links = [name for name in folders if (Path(root) / name).is_symlink()]
        yield from (Path(root) / name for name in sorted([*files, *links]))


def _content(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from chunks_of(file)
