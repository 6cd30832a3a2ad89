"""Reads environment variables and collects everything that is wrong with them."""

import re
from collections.abc import Mapping
from pathlib import Path

#: What a credential may hold: printable ASCII without spaces, so that a header can carry it.
_CREDENTIAL = re.compile(r"[!-~]+")

#: Values that example files carry, in lower case and with letters and digits only.
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


class Environment:
    """The variables of a process, and the problems found while reading them.

    A problem is one line that names the variable and the rule that it breaks. It never holds the
    value, because the value may be a secret that was put into the wrong variable.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.problems: list[str] = []

    def refuse(self, name: str, rule: str) -> None:
        """Record that the variable ``name`` breaks ``rule``."""
        self.problems.append(f"{name}: {rule}")

    def text(self, name: str, default: str = "") -> str:
        """Return the value without surrounding spaces; empty counts as unset."""
        return self._variables.get(name, "").strip() or default

    def matching(self, name: str, default: str, *, pattern: str, rule: str) -> str:
        """Return a value that matches ``pattern`` as a whole, or refuse it with ``rule``."""
        value = self.text(name, default)
        if re.fullmatch(pattern, value):
            return value
        self.refuse(name, rule)
        return default

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """Return one of ``choices``; the first is the default."""
        value = self.text(name, choices[0]).lower()
        if value in choices:
            return value
        self.refuse(name, f"must be one of {', '.join(choices)}")
        return choices[0]

    def integer(self, name: str, default: int, *, lowest: int, highest: int) -> int:
        """Return a whole number from ``lowest`` to ``highest``."""
        value = self.text(name, str(default))
        if re.fullmatch(r"\d{1,9}", value, re.ASCII) and lowest <= int(value) <= highest:
            return int(value)
        self.refuse(name, f"must be a whole number from {lowest} to {highest}")
        return default

    def seconds(self, name: str, default: float, *, highest: float) -> float:
        """Return a duration in seconds: more than 0, at most ``highest``."""
        value = self.text(name, str(default))
        if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", value, re.ASCII) and 0 < float(value) <= highest:
            return float(value)
        self.refuse(name, f"must be a number of seconds, more than 0 and at most {highest:g}")
        return default

    def file_text(self, name: str) -> str:
        """Return the text of the UTF-8 file that the variable names, or "" when it is unset."""
        path = self.text(name)
        if not path:
            return ""
        try:
            return Path(path).read_text(encoding="utf-8")
        except OSError as error:
            self.refuse(name, f"names a file that cannot be read ({error.strerror})")
        except UnicodeDecodeError:
            self.refuse(name, "names a file that is not UTF-8 text")
        return ""

    def is_set(self, name: str) -> bool:
        """Whether ``name`` or ``<name>_FILE`` holds anything."""
        return bool(self.text(name) or self.text(f"{name}_FILE"))

    def value_or_file(self, name: str) -> tuple[str, str]:
        """Return the variable that is read and what it holds, without surrounding spaces.

        It is ``<name>_FILE``, which names a file with the value, where that is set: that is how
        Docker and Kubernetes hand over a secret without showing it in the environment.
        """
        from_file = f"{name}_FILE"
        if self.text(from_file):
            return from_file, self.file_text(from_file).strip()
        return name, self.text(name)

    def credentials(self, name: str, *, shortest: int = 1) -> tuple[str, ...]:
        """Return the credentials that ``name`` holds, separated by commas or line ends.

        They may come from a file; see ``value_or_file``. None at all, a placeholder, or one
        shorter than ``shortest`` characters is refused.
        """
        already = len(self.problems)
        source, text = self.value_or_file(name)
        values = tuple(part.strip() for part in re.split(r"[,\r\n]", text) if part.strip())
        if not values and len(self.problems) == already:
            self.refuse(source, f"is missing or empty; set {name} or {name}_FILE")
        for value in values:
            self._inspect(source, value, shortest)
        return values

    def _inspect(self, source: str, value: str, shortest: int) -> None:
        if is_placeholder(value):
            self.refuse(source, "holds a placeholder from an example; set a real value")
        elif len(value) < shortest:
            self.refuse(source, f"is too short: each key needs at least {shortest} characters")
        elif not _CREDENTIAL.fullmatch(value):
            self.refuse(source, "must be printable ASCII without spaces")


def is_placeholder(value: str) -> bool:
    """Whether a value is one that example files carry, such as ``changeme`` or ``<key>``."""
    squeezed = "".join(letter for letter in value.lower() if letter.isalnum())
    is_bracketed = value.startswith("<") and value.endswith(">")
    is_addressed = squeezed.startswith("your") and ("key" in squeezed or "secret" in squeezed)
    is_asked_for = squeezed.startswith(_REQUESTS) or is_addressed or is_bracketed
    return squeezed in _PLACEHOLDERS or len(set(squeezed)) < 2 or is_asked_for
