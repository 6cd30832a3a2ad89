"""One connection against a socket that says whatever a test wants, well-behaved or not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest

from llmops_cli.serve.upstreams.connection import BrokenAnswerError, Connection
from llmops_cli.serve.upstreams.pool import Origin, Pool

Found = TypeVar("Found")
Say = Callable[[asyncio.StreamWriter], Awaitable[None]]
SECONDS = 10.0
REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


@asynccontextmanager
async def talking_to(say: Say) -> AsyncIterator[Pool]:
    """Serve each connection with ``say``, once for each request that comes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            await say(writer)

    serving = []

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0)
    pool = Pool(Origin("127.0.0.1", server.sockets[0].getsockname()[1], is_secure=False))
    try:
        yield pool
    finally:
        pool.close()
        server.close()
        await asyncio.gather(*(task for task in serving if task))
        await asyncio.sleep(0.01)


def says(*pieces: bytes, then_closes: bool = False) -> Say:
    async def say(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        if then_closes:
            writer.close()

    return say


def later() -> float:
    return asyncio.get_running_loop().time() + SECONDS


async def answered(pool: Pool) -> tuple[Connection, int, bytes]:
    connection = pool.idle() or await pool.connect(later())
    connection.send(REQUEST)
    await connection.head(later())
    return connection, connection.status, await connection.rest(later(), most=1000)


def run(say: Say, work: Callable[[Pool], Awaitable[Found]]) -> Found:
    async def scenario() -> Found:
        async with talking_to(say) as pool:
            return await work(pool)

    return asyncio.run(scenario())


ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_read_however_it_is_framed_and_the_connection_used_again(
    answer: bytes,
) -> None:
    async def twice(pool: Pool) -> bool:
        first, status, body = await answered(pool)
        assert (status, body, first.is_reusable) == (200, b"hello", True)
        pool.give_back(first)
        second, status, body = await answered(pool)
        assert (status, body) == (200, b"hello")
        return first is second

    assert run(says(answer), twice)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_may_come_byte_by_byte(answer: bytes) -> None:
    pieces = [answer[i : i + 1] for i in range(len(answer))]
    assert run(says(*pieces), answered)[1:] == (200, b"hello")


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    say = says(b"HTTP/1.1 200 OK\r\n\r\nhello", then_closes=True)
    connection, status, body = run(say, answered)
    assert (status, body) == (200, b"hello")
    assert not connection.is_reusable
    assert not connection.ends_by_itself


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_an_error_and_never_half_an_answer(broken: bytes) -> None:
    with pytest.raises(BrokenAnswerError):
        run(says(broken, then_closes=True), answered)


def test_a_head_without_end_is_given_up() -> None:
    async def say(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-Filler: " + b"x" * 8000 + b"\r\n")
            await writer.drain()

    with pytest.raises(BrokenAnswerError, match="65536"):
        run(say, answered)


def test_a_body_beyond_the_limit_is_given_up() -> None:
    with pytest.raises(BrokenAnswerError, match="1000"):
        run(says(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000), answered)


def test_what_comes_after_the_end_is_taken_for_no_answer_and_ends_the_connection() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

    async def once(pool: Pool) -> bool:
        connection, status, body = await answered(pool)
        assert (status, body) == (200, b"hello")
        return connection.is_reusable

    assert not run(says(answer + answer.replace(b"hello", b"other")), once)


def test_silence_is_told_from_an_end() -> None:
    async def listen(pool: Pool) -> bytes | None:
        connection = await pool.connect(later())
        connection.send(REQUEST)
        await connection.head(later())
        while connection.taken() is None:
            assert await connection.wait(later())
        assert not await connection.wait(asyncio.get_running_loop().time() + 0.05)
        return connection.taken()

    say = says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
    assert run(say, listen) is None


def test_a_reader_that_is_slow_holds_the_upstream_back() -> None:
    written = 0

    async def say(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(1000):
            writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
            written += 0x10000
            await writer.drain()

    async def read_little(pool: Pool) -> None:
        connection = await pool.connect(later())
        connection.send(REQUEST)
        await connection.head(later())
        await asyncio.sleep(0.3)

    run(say, read_little)
    assert written < 30 * 1024 * 1024
