"""The least that a gateway does, with the client that $CLIENT names: ours, aiohttp or httpx2."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

PORT = int(os.environ.get("UPSTREAM_PORT", "0"))
URL = f"http://127.0.0.1:{PORT}/v1/chat/completions"
SECONDS = 30
JSON = {"Content-Type": "application/json"}

Post = Callable[[bytes], Awaitable[bytes]]


async def ours(stack: AsyncExitStack) -> Post:
    """Return a post over the connections that the served API uses."""
    from llmops_cli.serve.upstreams.pool import Origin, Pool

    pool = Pool(Origin("127.0.0.1", PORT, is_secure=False))
    stack.callback(pool.close)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n".encode()

    async def post(body: bytes) -> bytes:
        deadline = asyncio.get_running_loop().time() + SECONDS
        connection = pool.idle() or await pool.connect(deadline)
        connection.send(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await connection.head(deadline)
        answer = await connection.rest(deadline, most=1_000_000)
        pool.give_back(connection)
        return answer

    return post


async def aiohttp(stack: AsyncExitStack) -> Post:
    """Return a post by aiohttp."""
    from aiohttp import ClientSession, ClientTimeout, TCPConnector

    session = ClientSession(connector=TCPConnector(limit=0), timeout=ClientTimeout(SECONDS))
    client = await stack.enter_async_context(session)

    async def post(body: bytes) -> bytes:
        async with client.post(URL, data=body, headers=JSON) as response:
            return await response.read()

    return post


async def httpx2(stack: AsyncExitStack) -> Post:
    """Return a post by httpx2."""
    from httpx2 import AsyncClient

    client = await stack.enter_async_context(AsyncClient(timeout=SECONDS))

    async def post(body: bytes) -> bytes:
        return (await client.post(URL, content=body, headers=JSON)).content

    return post


class Gateway:
    """The ASGI application."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._post: Post | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass one body on."""
        if scope["type"] != "http":
            await self._live(receive, send)
            return
        body = (await receive())["body"]
        answer = await self._post(body) if self._post and body else b""
        headers = [(b"content-type", b"application/json")]
        headers.append((b"content-length", b"%d" % len(answer)))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        clients = {"ours": ours, "aiohttp": aiohttp, "httpx2": httpx2}
        self._post = await clients[os.environ["CLIENT"]](self._stack)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stack.aclose()
        await send({"type": "lifespan.shutdown.complete"})


app = Gateway()
