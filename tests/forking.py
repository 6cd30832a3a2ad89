"""Runs the command line in forks of one process that has loaded everything already.

Most of what a short command costs is the loading of packages. Each command has a process of
its own still: its arguments, environment, streams and exit status are those of a real one.
"""

import array
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import sys
import traceback
from contextlib import suppress
from typing import Any

_LOADED = (
    "azure.identity",
    "azure.keyvault.secrets",
    "azure.mgmt.appcontainers",
    "azure.mgmt.containerregistry",
    "azure.mgmt.web",
    "boto3",
    "google.cloud.aiplatform_v1",
    "google.cloud.run_v2",
    "google.cloud.secretmanager_v1",
    "httpx2",
)
_NOT_OURS = ("llmops_cli.__main__", "llmops_cli.serve")
_LARGEST = 1 << 20


def serve(control: socket.socket) -> None:
    """Fork for every request, until whoever asks is gone.

    A request is a message with the files of stdin, stdout, stderr, and of a pipe that tells the
    process's id and then its exit status.
    """
    _load()
    # Nobody waits for the children: they tell themselves how they ended.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, files = _received(control)
        if not message:
            return
        if os.fork() == 0:
            control.close()
            _run(json.loads(message), files)
        for file in files:
            os.close(file)


def _run(asked: dict[str, Any], files: list[int]) -> None:
    """Become the command. Never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    tell = files[3]
    os.write(tell, f"{os.getpid()}\n".encode())
    for number, file in enumerate(files[:3]):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.argv = ["llmops", *asked["arguments"]]
    status = _status()
    with suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    os.write(tell, f"{status}\n".encode())
    os._exit(status)


def _status() -> int:
    from llmops_cli.cli.main import main

    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does at the end of a program.
        traceback.print_exc()
        return 1
    return 0


def _load() -> None:
    import llmops_cli

    for found in pkgutil.walk_packages(llmops_cli.__path__, "llmops_cli."):
        if not found.name.startswith(_NOT_OURS):
            with suppress(ImportError):
                importlib.import_module(found.name)
    for name in _LOADED:
        with suppress(ImportError):
            importlib.import_module(name)
    # What is there now is never looked at again, so that forks share it.
    gc.collect()
    gc.freeze()


def _received(control: socket.socket) -> tuple[bytes, list[int]]:
    files = array.array("i")
    room = socket.CMSG_LEN(4 * files.itemsize)
    message, ancillary, _, _ = control.recvmsg(_LARGEST, room)
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            files.frombytes(data)
    return message, list(files)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
