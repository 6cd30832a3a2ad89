"""Removes expired sessions in the background, a few at a time."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from llmops_cli.serve.sessions.session import StoreUnavailableError
from llmops_cli.serve.sessions.store import SessionStore

#: Seconds between two looks for expired sessions.
PAUSE_SECONDS = 60.0
#: Seconds between two removals, which leave the store to requests for most of the time.
_REST_SECONDS = 0.2

_log = logging.getLogger("llmops.serve")


@asynccontextmanager
async def sweeping(
    store: SessionStore, pause_seconds: float = PAUSE_SECONDS
) -> AsyncIterator[None]:
    """Look for expired sessions every ``pause_seconds``. Nobody finds them in the meantime."""
    sweeper = asyncio.create_task(_sweep(store, pause_seconds))
    try:
        yield
    finally:
        sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await sweeper


async def _sweep(store: SessionStore, pause_seconds: float) -> None:
    while True:
        try:
            while await store.sweep():
                await asyncio.sleep(min(_REST_SECONDS, pause_seconds))
        except StoreUnavailableError as error:
            _log.warning("Expired sessions are not removed: %s", error)
        await asyncio.sleep(pause_seconds)
