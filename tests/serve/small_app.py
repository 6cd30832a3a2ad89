"""`python -m tests.serve.small_app`: our server around an application of a few lines."""

import asyncio
import os
import sys
import time
from typing import Any

from llmops_cli.serve.process.server import run
from llmops_cli.serve.process.settings import ServerSettings
from llmops_cli.serve.process.stopping import Stopping


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the release's id; ``/late`` waits before it, ``/wait`` in the middle.

    ``/health/ready`` says 503 until the file that READY_WHEN names is there; after ``/hang``
    nothing goes on any more.
    """
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    name = os.environ["LLMOPS_RELEASE"].encode()
    if scope["path"] == "/late":
        await told_to_go_on()
    if scope["path"] == "/hang":
        time.sleep(600)
    is_ready = scope["path"] != "/health/ready" or os.path.exists(os.environ.get("READY_WHEN", "/"))  # noqa: PTH110
    start = {"type": "http.response.start", "status": 200 if is_ready else 503, "headers": []}
    if scope["path"] != "/wait":
        await send({**start, "headers": [(b"content-length", b"%d" % len(name))]})
        await send({"type": "http.response.body", "body": name})
        return
    await send(start)
    await send({"type": "http.response.body", "body": name + b"\n", "more_body": True})
    await told_to_go_on()
    await send({"type": "http.response.body", "body": b"end\n"})


async def told_to_go_on() -> None:
    """Wait for the file that the test makes."""
    while not os.path.exists(os.environ["GO_ON"]):  # noqa: PTH110
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    sys.exit(run(app, ServerSettings.load(os.environ), Stopping()))
