"""Texts in base64 that stand in other texts, broken into lines or not."""

import base64
import binascii
import re
from collections.abc import Iterator

#: Letters; a shorter run holds no key worth the name.
_RUN = re.compile(rb"[A-Za-z0-9+/_-]{24,}(?:\r?\n[ \t]*[A-Za-z0-9+/_-]{4,})*")
_SPACE = re.compile(rb"\s+")
_STANDARD = bytes.maketrans(b"-_", b"+/")


def decoded_runs(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield what the runs of base64 in a text stand for, and where each begins."""
    for run in _RUN.finditer(text):
        letters = _SPACE.sub(b"", run.group()).translate(_STANDARD)
        letters = letters[: len(letters) - (len(letters) % 4 == 1)]
        try:
            yield run.start(), base64.b64decode(letters + b"=" * (-len(letters) % 4))
        except binascii.Error:
            continue


def is_text(start: bytes) -> bool:
    """Whether what begins like this is text; a tar archive of texts counts as one."""
    return b"\0" not in start or start[257:262] == b"ustar" or is_wide(start)


def is_wide(start: bytes) -> bool:
    """Whether it is text with two bytes a letter."""
    return start.startswith((b"\xff\xfe", b"\xfe\xff"))
