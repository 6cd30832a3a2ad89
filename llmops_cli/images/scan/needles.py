"""The forms in which programs write a text: as it is, in base64, in hex, for URLs, in JSON."""

import base64
import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from llmops_cli.core.secret import Secret
from llmops_cli.images.scan.values import is_common, parts_of

#: Characters of base64 that stand for the last byte of what is before, or for the next.
_SHARED_BEFORE = (0, 2, 3)


@dataclass(frozen=True)
class Needle:
    """Bytes that give a secret away. Those that are common say nothing in a public package."""

    name: str
    is_common: bool
    text: bytes

    def __repr__(self) -> str:
        return f"Needle({self.name})"


def needles_of(secrets: Mapping[str, Sequence[Secret]]) -> tuple[Needle, ...]:
    """Return every form of every value, each once; ``secrets`` has the values by name."""
    found: set[Needle] = set()
    for name, values in secrets.items():
        for part in sorted({part for value in values for part in parts_of(value)}):
            for form in forms_of(part):
                found.add(Needle(name, is_common(part), form))
    return tuple(found)


def forms_of(text: str) -> set[bytes]:
    """Return the bytes to look for: a file that has one of them has the text."""
    raw = text.encode()
    written = {text, quote(text, safe=""), quote(text), quote_plus(text), html.escape(text)}
    written |= {form.replace("%", "%25") for form in written if "%" in form}
    written |= {_lower_escapes(form) for form in written}
    for escaped in (json.dumps(text), json.dumps(text, ensure_ascii=False)):
        inner = escaped[1:-1]
        written |= {inner, inner.replace("/", "\\/"), inner.replace("&", "\\u0026")}
    written |= {raw.hex(), raw.hex().upper()}
    wide = {text.encode("utf-16-le"), text.encode("utf-16-be")}
    return {form.encode() for form in written} | wide | set(_in_base64(raw))


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """Yield what base64 makes of the bytes wherever they stand in a longer text, in two alphabets.

    There are three ways to stand; letters that neighbours have a share in are left out.
    """
    for before, shared in enumerate(_SHARED_BEFORE):
        letters = base64.b64encode(b"\0" * before + raw).rstrip(b"=")
        whole = letters[shared:-1] if (before + len(raw)) % 3 else letters[shared:]
        yield whole
        yield whole.translate(bytes.maketrans(b"+/", b"-_"))


def _lower_escapes(text: str) -> str:
    head, *rest = text.split("%")
    return "%".join([head, *(part[:2].lower() + part[2:] for part in rest)])
