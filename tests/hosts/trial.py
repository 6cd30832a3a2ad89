"""Routes of a project that try what its unit is meant to forbid; run on a server, as a file.

As a program it prints what the same attempts achieve without a unit around them.
"""

import asyncio
import ctypes
import json
import mmap
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

ROOT, DATA = "/opt/placed", "/var/lib/placed"
_NEW_NAMESPACE = 0x04000000


def _write(path: str) -> None:
    Path(path).write_text("x")


def _run(folder: str) -> None:
    script = Path(folder) / "script"
    script.write_text("#!/bin/sh\nexit 0\n")
    script.chmod(0o755)
    subprocess.run([script], check=True)


def _see_others() -> None:
    Path("/proc/1/cmdline").read_text()


def _look_at_secrets() -> None:
    os.listdir(f"{ROOT}/secrets/LLMOPS_API_KEY")


def _look_home() -> None:
    os.listdir("/home/deploy")


def _make_code() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def _unshare() -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NAMESPACE):
        raise OSError(ctypes.get_errno(), "unshare")


def _listen_to_everything() -> None:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()


def _rename_the_host() -> None:
    socket.sethostname(socket.gethostname())


def _become_root() -> None:
    os.setuid(0)


ATTEMPTS: dict[str, Callable[[], None]] = {
    "write beside the releases": lambda: _write(f"{ROOT}/written"),
    "write into its own release": lambda: _write(f"{ROOT}/current/app/written"),
    "write into /etc": lambda: _write("/etc/written"),
    "run what it wrote": lambda: _run(DATA),
    "run what it wrote into /tmp": lambda: _run("/tmp"),
    "see processes of others": _see_others,
    "look at the files of secrets": _look_at_secrets,
    "look into homes": _look_home,
    "write code into memory": _make_code,
    "make namespaces": _unshare,
    "listen to all packets": _listen_to_everything,
    "rename the host": _rename_the_host,
    "become root": _become_root,
}


def achieved() -> list[str]:
    """Make every attempt, and return those that were possible."""
    found = []
    for name, attempt in ATTEMPTS.items():
        try:
            attempt()
        except (OSError, subprocess.SubprocessError):
            continue
        found.append(name)
    return found


def routes() -> object:
    """Return the router that the project's settings name."""
    from fastapi import APIRouter
    from starlette.responses import StreamingResponse

    router = APIRouter()

    @router.get("/trial/achieved")
    def show() -> dict[str, object]:
        return {"achieved": achieved(), "hard": os.environ["HARD"], "uid": os.getuid()}

    @router.get("/trial/hang")
    async def hang() -> None:
        time.sleep(600)

    @router.get("/trial/eat")
    def eat() -> int:
        eaten = []
        while True:
            eaten.append(os.urandom(1024 * 1024))

    @router.get("/trial/wait")
    def wait() -> StreamingResponse:
        async def parts() -> AsyncIterator[str]:
            yield "begin\n"
            while not Path(f"{DATA}/go-on").exists():
                await asyncio.sleep(0.02)
            yield "end\n"

        return StreamingResponse(parts())

    return router


if __name__ == "__main__":
    sys.stdout.write(json.dumps(achieved()))
else:
    router = routes()
