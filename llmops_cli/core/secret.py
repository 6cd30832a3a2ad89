"""A secret value that cannot print itself."""

import re
from collections.abc import Iterable

#: Values that example files carry, in lower case and with letters and digits only. The served API
#: has the same list and rule: what is stored here must not be refused there.
_PLACEHOLDERS = frozenset(
    {
        # The secret of FastAPI's tutorial, and the one that jwt.io signs its example with.
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        "astringsecretatleast256bitslong",
        "apikey",
        "insertkeyhere",
        "none",
        "null",
        "password",
        "password123",
        "placeholder",
        "secret",
        "secret123",
        "secretkey",
        "sk1234",
        "test",
        "todo",
        "xxx",
    }
)

#: How a text begins that asks for a value, such as ``change-me-to-a-long-random-string``.
_REQUESTS = ("changeme", "changethis", "replaceme", "replacethis", "replacewith")


class Secret:
    """A value for a header, a file or a request body, and for nothing else.

    ``str`` and ``repr`` show only that there is a value; ``reveal`` is the one way to it, so that
    every place that uses a value can be found by searching for that word. It is no dataclass:
    ``vars`` and ``asdict`` would show the value.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the value. Never pass it to argv, a log, an error or a rendered file."""
        return self.__value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self.__value

    def __hash__(self) -> int:
        return hash(self.__value)

    def __str__(self) -> str:
        return "[secret]"

    def __repr__(self) -> str:
        return "Secret([secret])"


def keys_in(value: Secret) -> tuple[Secret, ...]:
    """Return the keys that a value holds, separated by commas or lines.

    There are several while a key is being changed; each of them opens the API.
    """
    return tuple(Secret(key) for key in re.split(r"[,\s]+", value.reveal()) if key)


def joined(keys: Iterable[Secret]) -> Secret:
    """Return the value that holds these keys, the first of them first."""
    return Secret(",".join(key.reveal() for key in keys))


def first_key(value: Secret) -> Secret | None:
    """Return the first of several keys, or None where there is none."""
    return next(iter(keys_in(value)), None)


def is_placeholder(secret: Secret) -> bool:
    """Whether the value is empty or one that example files carry, such as ``changeme``."""
    value = secret.reveal().strip()
    squeezed = "".join(letter for letter in value.lower() if letter.isalnum())
    is_bracketed = value.startswith("<") and value.endswith(">")
    is_addressed = squeezed.startswith("your") and ("key" in squeezed or "secret" in squeezed)
    is_asked_for = squeezed.startswith(_REQUESTS) or is_addressed or is_bracketed
    return squeezed in _PLACEHOLDERS or len(set(squeezed)) < 2 or is_asked_for
