"""A secret value that cannot print itself."""

import re

#: Values that example files carry, in lower case and with letters and digits only. The served API
#: has the same list and rule: what is stored here must not be refused there.
_PLACEHOLDERS = frozenset(
    {
        "apikey",
        "changeme",
        "changethis",
        "insertkeyhere",
        "none",
        "null",
        "password",
        "placeholder",
        "replaceme",
        "secret",
        "secretkey",
        "sk1234",
        "test",
        "todo",
        "xxx",
    }
)


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


def first_key(value: Secret) -> Secret | None:
    """Return the first of several keys, separated by commas or lines, or None where there is none.

    Several are set while a key is being changed; each of them opens the API.
    """
    keys = re.split(r"[,\s]+", value.reveal())
    return next((Secret(key) for key in keys if key), None)


def is_placeholder(secret: Secret) -> bool:
    """Whether the value is empty or one that example files carry, such as ``changeme``."""
    value = secret.reveal().strip()
    squeezed = "".join(letter for letter in value.lower() if letter.isalnum())
    is_bracketed = value.startswith("<") and value.endswith(">")
    is_addressed = squeezed.startswith("your") and ("key" in squeezed or "secret" in squeezed)
    return squeezed in _PLACEHOLDERS or len(set(squeezed)) < 2 or is_bracketed or is_addressed
