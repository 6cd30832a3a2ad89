"""Changes a text of a shelf of what it is at the moment, whoever else changes it meanwhile."""

import secrets
import time
from collections.abc import Callable

from llmops_cli.clouds.shelf import ChangedError, Kept, Shelf
from llmops_cli.errors import DeployError

#: Looks at a text that others keep on changing; the pauses between them add up to two seconds.
_ATTEMPTS = 6
_FIRST_PAUSE = 0.05


def changed(
    shelf: Shelf, key: str, change: Callable[[str], str], known: Kept | None = None
) -> Kept:
    """Put ``change(text)`` in the place of a text, "" where there is none; return what is there.

    ``known`` is what was read of it before, which saves a look where it is so still. What was
    written counts as written although the answer got lost.

    Raises:
        DeployError: somebody else changes it all the time.
    """
    wanted = ""
    for attempt in range(_ATTEMPTS):
        found = known if known is not None and attempt == 0 else shelf.read(key)
        if attempt and found is not None and found.text == wanted:
            return found
        text = found.text if found else ""
        wanted = change(text)
        if found is not None and wanted == text:
            return found
        try:
            return Kept(wanted, shelf.write(key, wanted, found.version if found else None))
        except ChangedError:
            # Not all at the same moments, those who got in each other's way.
            time.sleep(_FIRST_PAUSE * 2**attempt * (0.5 + secrets.randbelow(100) / 100))
    raise DeployError(
        f"{shelf.name}/{key} could not be written.",
        evidence=f"Somebody else changed it {_ATTEMPTS} times while this tried to.",
        next_step="llmops status, then try again.",
    )
