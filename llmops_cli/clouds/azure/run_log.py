"""The log of a run, which grows while it is read: each line is told once, when it is whole."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from llmops_cli.clouds.azure.signed import read_after
from llmops_cli.clouds.azure.trouble import without_secrets
from llmops_cli.core.image import Tell
from llmops_cli.errors import BuildError

_LAST_LINES = 20


class RunLog:
    """Reads on from where it was; ``where`` asks for the signed address of the log."""

    def __init__(self, where: Callable[[], Mapping[str, Any]], tell: Tell) -> None:
        self._where = where
        self._tell = tell
        self._address = ""
        self._position = 0
        self._rest = b""
        self._last: deque[str] = deque(maxlen=_LAST_LINES)

    @property
    def end(self) -> str:
        """The last lines."""
        rest = self._rest.decode(errors="replace").strip()
        return "\n".join([*self._last, *([without_secrets(rest)] if rest else [])])

    def catch_up(self) -> None:
        """Tell the lines that have come since; a log that cannot be read is no reason to stop."""
        try:
            if not self._address:
                self._address = str(self._where().get("logLink") or "")
            found = read_after(self._address, self._position) if self._address else b""
        except BuildError:
            # The address is good for a while only.
            self._address = ""
            return
        self._position += len(found)
        *lines, self._rest = (self._rest + found).split(b"\n")
        for line in lines:
            text = without_secrets(line.decode(errors="replace").rstrip())
            if text:
                self._last.append(text)
                self._tell(text)
