"""Standard streams that are closed when we start, or that nobody reads to the end."""

import os
import sys
from collections.abc import Callable

#: What a shell says of a program that wrote to a pipe without a reader: 128 and SIGPIPE.
NOBODY_READS = 141
#: The command may have done its work, but could not say so.
CANNOT_WRITE = 1

_MODES = {"stdin": "r", "stdout": "w", "stderr": "w"}


def open_missing() -> None:
    """Put the null device where a stream is closed.

    Otherwise the next file or socket that is opened would take its number, and become our stdout.
    """
    for number, (name, mode) in enumerate(_MODES.items()):
        if getattr(sys, name) is None:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))


def while_read(run: Callable[[], int]) -> int:
    """Return the status of ``run``; end quietly where the reader of its output leaves."""
    try:
        status = run()
        sys.stdout.flush()
    except BrokenPipeError:
        null = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(null, stream.fileno())
        return NOBODY_READS
    except OSError as error:
        # The exit must not try to write the rest again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.stderr.write(f"Error: The output cannot be written: {error.strerror}.\n")
        return CANNOT_WRITE
    return status
