"""A log record that costs little: it knows what it says and looks for nothing else."""

import logging
import time
from typing import Any

#: The logger that all of the served API writes with.
LOGGER = logging.getLogger("llmops.serve")


class Line(logging.LogRecord):
    """A record at the level INFO with ``fields``, for what is written at every request.

    A logger of the standard library looks for the line of code that called it, and for its
    process and thread; nobody reads that here, and it costs more than all the rest.
    """

    name = LOGGER.name
    levelno = logging.INFO
    levelname = "INFO"
    args = ()
    exc_info = exc_text = stack_info = None
    pathname = filename = module = funcName = ""  # noqa: N815
    lineno = 0
    thread = threadName = process = processName = taskName = None  # noqa: N815

    def __init__(self, message: str, fields: dict[str, Any]) -> None:
        self.msg = message
        self.fields = fields
        self.created = time.time()
        self.msecs = self.created % 1 * 1000
        self.relativeCreated = 0.0


def write(message: str, fields: dict[str, Any]) -> None:
    """Write one line, unless the level leaves it out."""
    if LOGGER.isEnabledFor(logging.INFO):
        LOGGER.handle(Line(message, fields))
