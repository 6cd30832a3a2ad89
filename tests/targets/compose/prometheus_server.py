"""A real Prometheus, with the configuration that the profile writes, on the tests' own API."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.project import free_port

needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None or shutil.which("promtool") is None,
    reason="needs prometheus and promtool",
)


@dataclass(frozen=True)
class Prometheus:
    """One that runs and scrapes."""

    address: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Evaluate an expression now; one that Prometheus cannot read fails the test."""
        answer = httpx2.get(
            f"{self.address}/api/v1/query", params={"query": expression}, timeout=10
        )
        assert answer.status_code == 200, f"{expression}: {answer.text}"
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found

    def is_ready(self) -> bool:
        try:
            return httpx2.get(f"{self.address}/-/ready", timeout=1).status_code == 200
        except httpx2.TransportError:
            return False


def configuration(text: str, folder: Path, api: str, key: str) -> Path:
    """Write the profile's own text so that it finds an API at an address, and its key in a file.

    Only what a network of containers would give is exchanged: the names and the secret's folder.
    """
    document = yaml.safe_load(text)
    document["global"] = {"scrape_interval": "250ms", "scrape_timeout": "250ms"}
    [job] = [job for job in document["scrape_configs"] if job["job_name"] == "api"]
    del job["dns_sd_configs"]
    job["static_configs"] = [{"targets": [api.removeprefix("http://")]}]
    document["scrape_configs"] = [job]
    secret = folder / "value"
    secret.write_text(key + "\n")
    written = re.sub(r"/run/secrets/\w+/value", str(secret), json.dumps(document))
    file = folder / "prometheus.yml"
    file.write_text(written)
    return file


@contextmanager
def running(folder: Path, file: Path) -> Iterator[Prometheus]:
    """Run Prometheus until the end of the block."""
    address = f"127.0.0.1:{free_port()}"
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={file}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        yield Prometheus(f"http://{address}")
    finally:
        process.terminate()
        process.wait(30)
