"""Load on one project while it is deployed: wrk with kept-alive connections, and open streams."""

import json
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.project import API_KEY, Project

_LUA = """
wrk.method = "POST"
wrk.body = [[%s]]
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer %s"
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init(args) bad = 0 end
function response(status, headers, body) if status ~= 200 then bad = bad + 1 end end
function done(summary, latency, requests)
  local bad = 0
  for _, thread in ipairs(threads) do bad = bad + thread:get("bad") end
  local e = summary.errors
  io.write(string.format("RESULT requests=%%d bad=%%d socket=%%d\\n", summary.requests, bad,
    e.connect + e.read + e.write + e.timeout))
end
"""
#: Seconds after which wrk stops by itself, whatever happens to us.
_WRK_SECONDS = 540
_ANY_NUMBER = httpx2.Limits(max_connections=None, max_keepalive_connections=None)


@dataclass
class Load:
    """What came of the load."""

    requests: int = 0
    bad: int = 0
    socket_errors: int = 0
    streams: int = 0
    truncated: list[str] = field(default_factory=list)


@contextmanager
def loaded(project: Project, *, connections: int, streams: int, tokens: int) -> Iterator[Load]:
    """Load a project for as long as the context lasts; the result is complete afterwards."""
    load, ending = Load(), threading.Event()
    client = httpx2.Client(verify=project.trust, timeout=60, limits=_ANY_NUMBER)
    threads = [
        threading.Thread(target=_stream, args=(project, client, tokens, load, ending))
        for _ in range(streams)
    ]
    for thread in threads:
        thread.start()
    wrk = _wrk(project, connections)
    try:
        yield load
    finally:
        ending.set()
        wrk.send_signal(signal.SIGINT)
        out, _ = wrk.communicate()
        for thread in threads:
            thread.join()
        client.close()
        _read(out, load)


def is_possible() -> bool:
    """Whether this machine has wrk."""
    return shutil.which("wrk") is not None


def _wrk(project: Project, connections: int) -> "subprocess.Popen[str]":
    question = {"model": "demo", "messages": [{"role": "user", "content": "Hello"}]}
    script = Path(project.state) / "load.lua"
    script.write_text(_LUA % (json.dumps(question), API_KEY))
    url = f"{project.url}/v1/chat/completions"
    return subprocess.Popen(
        ["wrk", "-t1", f"-c{connections}", f"-d{_WRK_SECONDS}s", "-s", str(script), url],
        stdout=subprocess.PIPE,
        text=True,
    )


def _read(out: str, load: Load) -> None:
    found = re.search(r"RESULT requests=(\d+) bad=(\d+) socket=(\d+)", out)
    assert found, out
    load.requests, load.bad, load.socket_errors = (int(number) for number in found.groups())


def _stream(
    project: Project, client: httpx2.Client, tokens: int, load: Load, ending: threading.Event
) -> None:
    question = {
        "model": "demo",
        "stream": True,
        "messages": [{"role": "user", "content": f"count to {tokens}"}],
    }
    # A new connection for every stream, as a browser's page has it.
    headers = {"authorization": f"Bearer {API_KEY}", "connection": "close"}
    url = f"{project.url}/v1/chat/completions"
    while not ending.is_set():
        try:
            with client.stream("POST", url, json=question, headers=headers) as answer:
                lines = [line for line in answer.iter_lines() if line]
        except httpx2.HTTPError as error:
            load.truncated.append(f"{type(error).__name__}: {error}")
            continue
        load.streams += 1
        if answer.status_code != 200 or lines[-1] != "data: [DONE]" or len(lines) < tokens:
            load.truncated.append(f"{answer.status_code}, {len(lines)} lines, last {lines[-1]!r}")
