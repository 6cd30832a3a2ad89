"""What a server said, made fit for one line of a report."""

import unicodedata

from llmops_cli.core.secret import Secret

#: Characters of a body that a line of evidence shows.
EXCERPT_LENGTH = 200


def one_line(text: str, limit: int = EXCERPT_LENGTH) -> str:
    """Return ``text`` on one line of at most ``limit`` characters that every terminal may show.

    Control, format and unassigned characters go: they would colour a log, reverse a line or break
    an XML file.
    """
    head = text[: limit * 8]
    shown = (c if unicodedata.category(c)[0] not in "CZ" else _in_place_of(c) for c in head)
    line = " ".join("".join(shown).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _in_place_of(character: str) -> str:
    return " " if character.isspace() else ""


def without(secret: Secret | None, text: str) -> str:
    """Return ``text`` with the secret's value blotted out, for servers that echo what they get."""
    return text.replace(secret.reveal(), "[secret]") if secret and secret.reveal() else text


def duration(seconds: float) -> str:
    """Return a duration as people read it: ``0.8 ms``, ``42 ms`` or ``1.25 s``."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.{1 if seconds < 0.01 else 0}f} ms"
