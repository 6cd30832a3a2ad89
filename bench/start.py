"""How long the command line takes to start, with all extras installed and with none.

Runs all commands in turn, many times, next to an interpreter that does nothing, and prints ratios
of medians: the machine's own speed and noise fall out. "None" is a virtual environment in which
llmops is installed with what it cannot do without; it is made in a temporary folder, or named as
the argument. Goals: a ratio of at most 3, and no difference between all extras and none.

Then it measures what the first use of a cloud's packages costs, each in an interpreter of its own.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS, FIRST_USES = 30, 5
_REPOSITORY = Path(__file__).parent.parent
_COMMANDS = (["--version"], ["--help"], ["deploy", "--help"])
_CLIENT = "from llmops_cli.clouds.gcp.lean import client_class as c; c('endpoint_service', '{}')"
_FIRST_USE = {
    "boto3, a client of ECS": "import boto3; boto3.client('ecs', 'eu-west-1')",
    "Azure, Container Apps": "from azure.mgmt.appcontainers import ContainerAppsAPIClient",
    "Vertex AI, as Google's package is": "import google.cloud.aiplatform_v1",
    "Vertex AI, as we load it": _CLIENT.format("EndpointServiceClient"),
    "Cloud Run": "import google.cloud.run_v2",
    "Secret Manager": "import google.cloud.secretmanager_v1",
    "gRPC and google-auth alone": "import grpc, google.auth, google.api_core.grpc_helpers",
}


def main() -> None:
    """Measure and print."""
    everything = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(sys.argv[1]) if len(sys.argv) > 1 else _bare(Path(folder))
        _start(everything, bare)
    _first_uses()


def _start(everything: Path, bare: Path) -> None:
    commands = {"python -c pass": [sys.executable, "-c", "pass"]}
    for arguments in _COMMANDS:
        shown = f"llmops {' '.join(arguments)}"
        commands[f"{shown}, all extras"] = [str(everything / "llmops"), *arguments]
        commands[f"{shown}, none"] = [str(bare / "llmops"), *arguments]
    seconds = _measured(commands, RUNS)
    base = seconds["python -c pass"]
    for name, median in seconds.items():
        print(f"{name:<34} {median * 1000:7.1f} ms   ratio {median / base:5.2f}")


def _first_uses() -> None:
    commands = {name: [sys.executable, "-c", code] for name, code in _FIRST_USE.items()}
    commands["python -c pass"] = [sys.executable, "-c", "pass"]
    seconds = _measured(commands, FIRST_USES)
    base = seconds.pop("python -c pass")
    print("\nFirst use of")
    for name, median in seconds.items():
        print(f"{name:<34} {(median - base) * 1000:7.0f} ms")


def _measured(commands: dict[str, list[str]], runs: int) -> dict[str, float]:
    """Return the medians in seconds; the first round, which writes caches, does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for round_number in range(runs + 1):
        for name, command in commands.items():
            started = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
            if round_number:
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(measured) for name, measured in seconds.items()}


def _bare(folder: Path) -> Path:
    """Install llmops without extras, and return where its command is."""
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    programs = folder / "venv" / "bin"
    install = [programs / "python", "-m", "pip", "install", "-q", "-e", _REPOSITORY]
    subprocess.run(install, check=True)
    return programs


if __name__ == "__main__":
    main()
