"""A secret value that cannot print itself."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

#: Values that example files carry. Compared in lower case with spaces, dashes and dots removed.
_PLACEHOLDERS = frozenset(
    {
        "changeme",
        "changethis",
        "secret",
        "password",
        "test",
        "todo",
        "xxx",
        "placeholder",
        "yoursecretkey",
        "yourapikey",
        "yourapikeyhere",
        "yoursecureapikeyhere",
        "yoursecretkeychangeinproduction",
        "sk1234",
        "insertkeyhere",
        "replaceme",
        "none",
        "null",
    }
)


@dataclass(frozen=True)
class Secret:
    """A value for a header, a file or a request body, and for nothing else.

    ``str`` and ``repr`` show only that there is a value; ``reveal`` is the one way to it, so that
    every place that uses a value can be found by searching for that word.
    """

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """Return the value. Never pass it to argv, a log, an error or a rendered file."""
        return self._value

    def __str__(self) -> str:
        return "[secret]"

    def __repr__(self) -> str:
        return "Secret([secret])"


def first_key(value: Secret) -> Secret | None:
    """Return the first of several keys, separated by commas or lines, or None where there is none.

    Several are set while a key is being changed; each of them opens the API.
    """
    keys = re.split(r"[,\s]+", value.reveal())
    return next((Secret(key) for key in keys if key), None)


#: Reads a secret by name, or returns None where there is none.
SecretReader = Callable[[str], Secret | None]


def is_placeholder(secret: Secret) -> bool:
    """Whether the value is empty or one that example files carry, such as ``changeme``."""
    value = secret.reveal().strip().lower()
    squeezed = "".join(letter for letter in value if letter.isalnum())
    return squeezed in _PLACEHOLDERS or not squeezed or (value[0] == "<" and value[-1] == ">")
