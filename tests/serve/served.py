"""Starts `python -m llmops_cli.serve` on a free port, as a supervisor would."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

SECONDS = 30
KEY = "test-key-9e107d9d372bb682"
RELEASE = "0123456789ab"


@dataclass(frozen=True)
class Served:
    """A running API, and a client that presents its key."""

    address: str
    client: httpx2.Client
    process: "subprocess.Popen[bytes]"
    output: Path

    def post(self, path: str, body: Any = None, **options: Any) -> httpx2.Response:
        return self.client.post(path, json=body, **options)

    def get(self, path: str, **options: Any) -> httpx2.Response:
        return self.client.get(path, **options)

    def chat(self, text: str, **fields: Any) -> httpx2.Response:
        messages = [{"role": "user", "content": text}]
        return self.post("/v1/chat/completions", {"messages": messages, **fields})

    def new_session(self) -> str:
        return self.post("/sessions").json()["session_id"]

    def say(self, session: str, message: str) -> httpx2.Response:
        return self.post(f"/sessions/{session}/message", {"message": message})

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def log(self) -> list[dict[str, Any]]:
        """Return what has been logged; every line has to be JSON."""
        return [json.loads(line) for line in self.output.read_text().splitlines()]


@contextmanager
def running(folder: Path, variables: Mapping[str, str]) -> Iterator[Served]:
    """Run the API in ``folder``. A connection waits in the socket until the API is there."""
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / "output.log"
    environment = {
        "LLMOPS_API_KEY": KEY,
        "LLMOPS_RELEASE": RELEASE,
        # The client keeps its connections; without this, each stop would wait for them.
        "LLMOPS_DRAIN_IDLE_SECONDS": "0.05",
        # All tests together present more wrong credentials in a minute than one client may.
        "LLMOPS_FAILED_AUTH_LIMIT": "0",
        **variables,
    }
    with socket.create_server(("127.0.0.1", 0)) as listening, output.open("wb") as file:
        port = listening.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "llmops_cli.serve"],
            cwd=folder,
            env={**clean_environment(), **environment, "LLMOPS_LISTEN_FD": str(listening.fileno())},
            pass_fds=[listening.fileno()],
            stdout=file,
        )
    address = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx2.Client(base_url=address, headers=headers, timeout=SECONDS) as client:
        try:
            yield Served(address, client, process, output)
        finally:
            process.terminate()
            process.wait(SECONDS)


def clean_environment() -> dict[str, str]:
    """Return this process's environment without settings of an API."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LLMOPS_")}
