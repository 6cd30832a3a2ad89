"""A log that cannot be written neither fails a request nor makes one wait for ever."""

import fcntl
import json
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmops_cli.serve.telemetry.output import Output
from tests.serve.conftest import Start

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@contextmanager
def small_pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    try:
        yield reading, writing
    finally:
        os.close(writing)


def logger_to(descriptor: int) -> tuple[logging.Logger, Output]:
    logger = logging.Logger("test")
    handler = Output(descriptor)
    logger.addHandler(handler)
    return logger, handler


@needs_linux
def test_a_reader_that_does_not_read_stops_no_request(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    os.mkfifo(log)
    reading = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, 4096)
    api = start()
    assert [api.get("/health").status_code for _ in range(40)] == [200] * 40
    os.set_blocking(reading, True)
    os.read(reading, 65536)
    api.get("/health")
    messages = [json.loads(line)["message"] for line in os.read(reading, 65536).splitlines()[-2:]]
    os.close(reading)
    assert "log lines were lost" in messages[0]
    assert messages[1] == "Request completed"
    assert api.stop() == 0


@needs_linux
def test_a_full_disk_fails_no_request(start: Start, tmp_path: Path) -> None:
    (tmp_path / "output.log").symlink_to("/dev/full")
    api = start()
    assert api.chat("Hello").status_code == 200
    assert api.stop() == 0


def test_a_reader_that_has_gone_fails_nobody() -> None:
    reading, writing = os.pipe()
    logger, _ = logger_to(writing)
    os.close(reading)
    logger.warning("Nobody reads this")
    os.close(writing)


@needs_linux
def test_a_line_longer_than_the_pipe_arrives_whole() -> None:
    with small_pipe() as (reading, writing):
        logger, _ = logger_to(writing)
        thread = threading.Thread(target=logger.warning, args=("x" * 100_000,))
        thread.start()
        with os.fdopen(reading, "rb") as file:
            assert file.readline() == b"x" * 100_000 + b"\n"
        thread.join()


@needs_linux
def test_after_a_line_that_was_cut_the_next_begins_on_its_own() -> None:
    with small_pipe() as (reading, writing):
        logger, _ = logger_to(writing)
        logger.warning("x" * 10_000)
        assert set(os.read(reading, 65536)) == {ord("x")}
        logger.warning("whole")
        *_, notice, whole = os.read(reading, 65536).splitlines()
        os.close(reading)
    assert notice == b"1 log lines were lost: they could not be written"
    assert whole == b"whole"
