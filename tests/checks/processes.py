"""Real servers in processes of their own, for checks to ask."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2

from tests.checks.faulty_servers import KEY, RELEASE
from tests.project import free_port

_SECONDS = 30


@contextlib.contextmanager
def our_api(folder: Path) -> Iterator[str]:
    """Run our own API with its demo model."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    environment = {
        "PATH": os.environ["PATH"],
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "LLMOPS_API_KEY": KEY,
        "LLMOPS_RELEASE": RELEASE,
        "LLMOPS_DATA_DIR": str(folder),
    }
    serve = [sys.executable, "-P", "-m", "llmops_cli.serve"]
    with subprocess.Popen(serve, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(url, process)
            yield url
        finally:
            process.terminate()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended"
        with contextlib.suppress(httpx2.TransportError):
            httpx2.get(f"{url}/health", timeout=1)
            return
        time.sleep(0.02)
    raise AssertionError("the server does not answer")


@contextlib.contextmanager
def llama(model: Path, *keys: str) -> Iterator[str]:
    """Run llama.cpp's own server with a model."""
    command = [sys.executable, "-m", "tests.checks.llama_server", str(model), *keys]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
