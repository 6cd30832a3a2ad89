"""Texts in the tags of an app: a tag holds 256 characters, and there are 50 of them.

Tags are sent as a whole. Whether Azure then drops those that are missing or keeps them is not the
same everywhere, so a tag that is not needed any more is sent empty, which counts as none.
"""

from collections.abc import Mapping

MOST_TAGS = 50
LONGEST = 256
PREFIX = "llmops-"


def packed(name: str, text: str) -> dict[str, str]:
    """Return a text cut into tags called ``name-0``, ``name-1`` and so on."""
    parts = [text[start : start + LONGEST] for start in range(0, len(text), LONGEST)]
    return {f"{PREFIX}{name}-{number}": part for number, part in enumerate(parts)}


def unpacked(name: str, tags: Mapping[str, str]) -> str:
    """Return the text that `packed` cut; empty where there is none."""
    parts, number = [], 0
    while part := tags.get(f"{PREFIX}{name}-{number}"):
        parts.append(part)
        number += 1
    return "".join(parts)


def replaced(name: str, text: str, tags: Mapping[str, str]) -> dict[str, str]:
    """Return all tags with a text in place of what ``name`` held before."""
    freed = {key: "" for key in tags if is_of(name, key)}
    return {**tags, **freed, **packed(name, text)}


def room_beside(name: str, tags: Mapping[str, str]) -> int:
    """Return how many characters a text may have that takes the place of ``name``'s."""
    others = sum(1 for key in tags if not is_of(name, key))
    return max(MOST_TAGS - others, 0) * LONGEST


def is_of(name: str, key: str) -> bool:
    """Whether a tag holds a part of what is called ``name``."""
    head, dash, number = key.rpartition("-")
    return bool(dash) and head == f"{PREFIX}{name}" and number.isdigit()
