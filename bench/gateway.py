"""What a request costs that is passed on to an upstream, next to other gateways in the same run.

An nginx with a fixed answer stands for the upstream. Each gateway runs on the first core; the
upstream and wrk share the second. Everything of ours is on: keys, limits, metrics, circuit
breaker, and a log line for each request. LiteLLM and Portkey take part where they are installed:

    python -m venv /tmp/litellm && /tmp/litellm/bin/pip install 'litellm[proxy]'
    (cd /tmp && npm install @portkey-ai/gateway)
    export LITELLM=/tmp/litellm/bin/litellm
    export PORTKEY=/tmp/node_modules/@portkey-ai/gateway/build/start-server.js

Goals: 40 times the requests of LiteLLM and 4 times those of Portkey at 32 connections, and at one
connection at most 0.5 ms more at the median than the upstream itself.
"""

import re
import statistics
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.parts import contestants, pinned
from bench.parts.contestants import MODEL, Contestant

CONNECTIONS = (1, 32)
ROUNDS = 3
SECONDS = 4

_LUA = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
%s
wrk.body = '{"model":"%s","messages":[{"role":"user","content":"Hello there"}],"temperature":0.5}'
"""


@dataclass(frozen=True)
class Measured:
    """One run of wrk: requests a second, latencies in ms, and microseconds of processor time."""

    rate: float
    p50: float
    p99: float
    cpu: float
    failed: int


def main() -> None:
    """Measure and print."""
    if lacking := pinned.missing("nginx", "wrk", "taskset"):
        print(lacking)
        return
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        upstream = contestants.upstream(folder)
        processes = {"direct": _start(stack, upstream, folder, pinned.LOAD_CORE)}
        field = [upstream]
        for make in contestants.EVERY:
            contestant = make(folder, upstream.port)
            if contestant is None:
                print(f"{make.__name__} is not installed: see the head of bench/gateway.py")
                continue
            processes[contestant.name] = _start(stack, contestant, folder, pinned.SERVER_CORE)
            field.append(contestant)
        results = _measure(field, processes, folder)
    for connections in CONNECTIONS:
        _print(connections, {name: results[name, connections] for name in processes})


def _start(
    stack: ExitStack, contestant: Contestant, folder: Path, core: int
) -> "subprocess.Popen[bytes]":
    return stack.enter_context(
        pinned.running(
            contestant.command,
            core=core,
            folder=folder,
            ready=f"http://127.0.0.1:{contestant.port}{contestant.ready}",
            environment=contestant.environment,
        )
    )


def _measure(
    field: list[Contestant], processes: Mapping[str, "subprocess.Popen[bytes]"], folder: Path
) -> dict[tuple[str, int], list[Measured]]:
    """Give everyone a turn in each round: what the machine does meanwhile falls on all of them."""
    results: dict[tuple[str, int], list[Measured]] = {}
    for number in range(ROUNDS + 1):
        for contestant in field:
            for connections in CONNECTIONS:
                measured = _load(contestant, processes[contestant.name], connections, folder)
                # The first round warms up.
                if number:
                    results.setdefault((contestant.name, connections), []).append(measured)
    return results


def _load(
    contestant: Contestant, process: "subprocess.Popen[bytes]", connections: int, folder: Path
) -> Measured:
    script = folder / f"{contestant.port}.lua"
    headers = "\n".join(f'wrk.headers["{n}"] = "{v}"' for n, v in contestant.headers.items())
    script.write_text(_LUA % (headers, MODEL))
    before = pinned.cpu_seconds(process)
    told = subprocess.run(
        [
            *("taskset", "-c", str(pinned.LOAD_CORE), "wrk", "-t1", f"-c{connections}"),
            *(f"-d{SECONDS}s", "--latency", "-s", str(script), contestant.url),
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    requests = int(_found(r"(\d+) requests in", told))
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    return Measured(
        rate=float(_found(r"Requests/sec:\s+([\d.]+)", told)),
        p50=_milliseconds(_found(r"50%\s+([\d.]+\w+)", told)),
        p99=_milliseconds(_found(r"99%\s+([\d.]+\w+)", told)),
        cpu=(pinned.cpu_seconds(process) - before) / max(requests, 1) * 1e6,
        failed=int(failed[1]) if failed else 0,
    )


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, text
    return match[1]


def _milliseconds(text: str) -> float:
    for unit, factor in (("us", 1e-3), ("ms", 1.0), ("s", 1e3)):
        if text.endswith(unit):
            return float(text.removesuffix(unit)) * factor
    raise ValueError(text)


def _print(connections: int, results: Mapping[str, list[Measured]]) -> None:
    print(f"\n{connections} connection(s), medians of {ROUNDS} runs of {SECONDS} s")
    print(f"{'':<14}{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'cpu us':>9}{'failed':>8}{'of ours':>9}")
    ours = statistics.median(run.rate for run in results["llmops"])
    for name, runs in results.items():
        rate, p50, p99, cpu = (
            statistics.median(getattr(run, key) for run in runs)
            for key in ("rate", "p50", "p99", "cpu")
        )
        failed = sum(run.failed for run in runs)
        ratio = f"{ours / rate:>8.2f}x" if name != "llmops" else ""
        print(f"{name:<14}{rate:>9.0f}{p50:>9.2f}{p99:>9.2f}{cpu:>9.0f}{failed:>8}{ratio}")


if __name__ == "__main__":
    main()
