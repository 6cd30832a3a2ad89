"""Secrets to hide and to find again; made anew in every run, so that no rule knows them."""

import base64
import random
import string
from collections.abc import Sequence

from llmops_cli.core.image import Leak
from llmops_cli.core.secret import Secret
from llmops_cli.images.scan.exact import values_of
from llmops_cli.images.scan.file_search import Search
from llmops_cli.images.scan.needles import needles_of
from llmops_cli.images.scan.rules import load_rules

_RANDOM = random.SystemRandom()
_ALPHABET = string.ascii_letters + string.digits
HEX = "0123456789abcdef"


def drawn(length: int, alphabet: str = _ALPHABET) -> str:
    """A text drawn at random, as issuers draw keys: letters, and digits here and there."""
    letters = [_RANDOM.choice(alphabet) for _ in range(length)]
    for place in _RANDOM.sample(range(length), max(3, length // 8)):
        letters[place] = _RANDOM.choice(alphabet if alphabet == HEX else string.digits)
    return "".join(letters)


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def search_for(*values: str, ignored: tuple[str, ...] = ()) -> Search:
    """A search for values that are called S0, S1 and so on."""
    secrets = {f"S{number}": [Secret(value)] for number, value in enumerate(values)}
    return Search(values_of(needles_of(secrets)), load_rules(), ignored)


def leaks_in(
    content: bytes, *values: str, path: str = "app/file.txt", chunk: int = 1 << 20
) -> list[Leak]:
    """What is found in a file that comes in chunks."""
    search = search_for(*values)
    search.file(path, (content[at : at + chunk] for at in range(0, len(content), chunk)))
    return search.leaks.all()


def told(leaks: Sequence[Leak]) -> str:
    """Everything that is said of leaks."""
    return "\n".join(f"{leak.what} {leak.place} {leak.layer}" for leak in leaks)
