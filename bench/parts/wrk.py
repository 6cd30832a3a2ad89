"""Loads servers in turn with wrk, and prints what came of it side by side."""

import re
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench.parts import pinned
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


def compare(upstream: Contestant, field: Sequence[Contestant], folder: Path, *, base: str) -> None:
    """Start all of them, load each in turn, and print ratios to the one called ``base``."""
    with ExitStack() as stack:
        processes = {upstream.name: _start(stack, upstream, folder, pinned.LOAD_CORE)}
        for contestant in field:
            processes[contestant.name] = _start(stack, contestant, folder, pinned.SERVER_CORE)
        results = _measure([upstream, *field], processes, folder)
    for connections in CONNECTIONS:
        _print(connections, {name: results[name, connections] for name in processes}, base)


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
    field: Sequence[Contestant],
    processes: Mapping[str, "subprocess.Popen[bytes]"],
    folder: Path,
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


def _print(connections: int, results: Mapping[str, list[Measured]], base: str) -> None:
    print(f"\n{connections} connection(s), medians of {ROUNDS} runs of {SECONDS} s")
    columns = f"{'req/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'cpu us':>9}{'failed':>8}"
    print(f"{'':<20}{columns}   requests of {base} for one")
    best = statistics.median(run.rate for run in results[base])
    for name, runs in results.items():
        rate, p50, p99, cpu = (
            statistics.median(getattr(run, key) for run in runs)
            for key in ("rate", "p50", "p99", "cpu")
        )
        failed = sum(run.failed for run in runs)
        figures = f"{rate:>9.0f}{p50:>9.2f}{p99:>9.2f}{cpu:>9.0f}{failed:>8}"
        print(f"{name:<20}{figures}{best / rate:>10.2f}")
