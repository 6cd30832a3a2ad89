"""How the watch over connections and the reader of a request body find each other.

The reader leaves its task in the scope of the request. When the body does not come, the watch
marks the scope and cancels the task, and the reader answers 408. What left no task, such as the
project's own application, may take its time.
"""

import asyncio
from typing import Any

#: Where the task that waits for the body is, in the scope of a request.
READER = "llmops.reader"
#: Is in the scope once the body has been given up.
IS_LATE = "llmops.is_late"


def give_up(scope: Any) -> None:
    """End the reading of a body that does not come."""
    reader: asyncio.Task[object] | None = scope.get(READER)
    if reader is not None and IS_LATE not in scope:
        scope[IS_LATE] = True
        reader.cancel()
