"""The agent as one file, and the few lines that fetch it on a host and run it.

On its standard input and output the loader says ``{"loader": "needs"}`` where the host does not keep
this very agent, gets it as a line with its size in bytes and the bytes, and runs it; or it says
``{"loader": "has"}``. It keeps the agent where the bootstrap made the folder for it. The agent is
run as ``__main__`` of ``llmops_cli.hosts.agent`` with the arguments ``serve APP``.
"""

import base64
import hashlib
import io
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_PACKAGE = Path(__file__).parent / "agent"
_NAME = "llmops_cli/hosts/agent"
_MAIN = """\
import runpy

runpy.run_module("llmops_cli.hosts.agent", run_name="__main__", alter_sys=True)
"""
#: When every file of it was last changed, so that the same code is the same file.
_MOMENT = (1980, 1, 1, 0, 0, 0)
#: Runs on any Python, so that an old one is told as such. It reads no byte too many.
_LOADER = """\
import os, sys
def say(text):
    os.write(1, (text + chr(10)).encode())
if sys.version_info < (3, 11):
    say('{"loader": "old", "python": "%d.%d.%d"}' % sys.version_info[:3])
    sys.exit(3)
import hashlib, runpy
def read(size):
    data = b""
    while len(data) < size:
        more = os.read(0, min(size - len(data), 65536))
        if not more:
            sys.exit(0)
        data += more
    return data
app, digest = sys.argv[1:3]
kept = "/opt/" + app + "/agent.pyz"
def keep(data):
    partial = kept + "." + str(os.getpid())
    try:
        with open(partial, "wb") as file:
            file.write(data)
            os.fsync(file.fileno())
        os.replace(partial, kept)
    except OSError:
        # Of a disk that is full the agent itself has more to say.
        if os.path.exists(partial):
            os.unlink(partial)
try:
    with open(kept, "rb") as file:
        data = file.read()
except OSError:
    data = b""
if hashlib.sha256(data).hexdigest() == digest:
    say('{"loader": "has"}')
else:
    say('{"loader": "needs"}')
    size = b""
    while not size.endswith(b"\\n"):
        size += read(1)
    data = read(int(size))
    if hashlib.sha256(data).hexdigest() != digest:
        sys.exit(4)
    if os.path.isdir(os.path.dirname(kept)):
        keep(data)
memory = os.memfd_create("agent")
with open(memory, "wb", closefd=False) as file:
    file.write(data)
path = "/proc/self/fd/%d" % memory
sys.argv = [path, "serve", app]
runpy.run_path(path, run_name="__main__")
"""


@dataclass(frozen=True)
class Package:
    """The agent: a zip file that Python runs."""

    data: bytes

    @cached_property
    def digest(self) -> str:
        """The sha256 by which a host knows whether it keeps this one."""
        return hashlib.sha256(self.data).hexdigest()


def agent_package() -> Package:
    """Make the agent's file from its code; the same code makes the same bytes."""
    modules = {f"{_NAME}/{file.name}": file.read_bytes() for file in _PACKAGE.glob("*.py")}
    return packed({"llmops_cli/__init__.py": b"", "llmops_cli/hosts/__init__.py": b"", **modules})


def packed(files: dict[str, bytes]) -> Package:
    """Make a file that runs ``llmops_cli.hosts.agent`` among the files given, by their paths."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in sorted({**files, "__main__.py": _MAIN.encode()}.items()):
            entry = zipfile.ZipInfo(path, _MOMENT)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return Package(whole.getvalue())


def loader() -> str:
    """Return the text of Python that fetches the agent and runs it, in one line for any shell."""
    text = base64.b64encode(_LOADER.encode()).decode()
    return f"import base64; exec(base64.b64decode('{text}'))"
