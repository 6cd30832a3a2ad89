"""The real LiteLLM starts as it is rendered, with the example's configuration, and answers.

Only its models are exchanged for canned answers. It has an environment of its own, because it does
not go with the packages of this one: LLMOPS_TEST_LITELLM names its program.
"""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.project import free_port
from tests.serve import served
from tests.targets.compose.stacks import loaded, services
from tests.waiting import eventually

PROGRAM = os.environ.get("LLMOPS_TEST_LITELLM", "")
pytestmark = [
    pytest.mark.skipif(not PROGRAM, reason="needs LLMOPS_TEST_LITELLM, the program of LiteLLM"),
    pytest.mark.timeout(240),
]

FAILING = "groq-kimi-primary"
STAND_IN = "groq-llama-backup"


@dataclass(frozen=True)
class Proxy:
    """A running LiteLLM, its keys by name, and what the compose file says of it."""

    address: str
    keys: dict[str, str]
    service: dict[str, Any]
    process: "subprocess.Popen[bytes]"
    folder: Path

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            pytest.fail((self.folder / "output.log").read_text(errors="replace")[-3000:])
        return self.asked("/health/readiness").status_code == 200

    def asked(self, path: str, key: str = "") -> httpx2.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx2.get(f"{self.address}{path}", headers=headers, timeout=30)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("litellm")
    [litellm] = [found for found in services("production") if found.name == "litellm"]
    keys = {name: f"key-{name}-5a8d2c".lower() for name in litellm.secrets}
    for name, value in keys.items():
        (folder / name).mkdir()
        (folder / name / "value").write_text(value)
    (folder / "litellm.yaml").write_text(canned(litellm.files["litellm.yaml"]))
    service, port = dict(loaded("production")["litellm"]), str(free_port())
    with (folder / "output.log").open("wb") as log:
        process = subprocess.Popen(
            [here(word, folder, port) for word in (*service["entrypoint"], *service["command"])],
            env={
                "PATH": f"{Path(PROGRAM).parent}:{os.environ['PATH']}",
                **service["environment"],
                "HOME": str(folder),
            },
            stdout=log,
            stderr=log,
        )
    try:
        made = Proxy(f"http://127.0.0.1:{port}", keys, service, process, folder)
        # It loads for 8 s on a machine that does nothing else, and for a minute on a busy one.
        with contextlib.suppress(AssertionError):
            eventually(made.is_ready)
        eventually(made.is_ready)
        yield made
    finally:
        process.kill()
        process.wait(30)


def here(text: str, folder: Path, port: str) -> str:
    """Put this machine's places in the place of the container's, and undo compose's escapes."""
    moved = text.replace("/run/secrets", str(folder)).replace("/etc/llmops", str(folder))
    return moved.replace("4000", port).replace("$$", "$")


def canned(text: str) -> str:
    """Let each model answer with its name, but the first one fail."""
    document = yaml.safe_load(text)
    for entry in document["model_list"]:
        name = entry["model_name"]
        answer = "litellm.InternalServerError" if name == FAILING else f"This is {name}."
        entry["litellm_params"]["mock_response"] = answer
    return yaml.safe_dump(document)


def test_its_health_is_asked_as_in_the_container(proxy: Proxy) -> None:
    _kind, *command = proxy.service["healthcheck"]["test"]
    port = proxy.address.rpartition(":")[2]
    asked = [here(word, proxy.folder, port) for word in command]
    assert subprocess.run(asked, check=False).returncode == 0
    gone = [here(word, proxy.folder, str(free_port())) for word in command]
    assert subprocess.run(gone, check=False, capture_output=True).returncode != 0


def test_only_who_has_the_master_key_is_answered(proxy: Proxy) -> None:
    known = proxy.asked("/v1/models", proxy.keys["LITELLM_MASTER_KEY"])
    assert FAILING in {model["id"] for model in known.json()["data"]}
    for key in ("", "another-key", proxy.keys["GROQ_API_KEY"]):
        assert proxy.asked("/v1/models", key).status_code >= 400


def test_prometheus_reads_its_numbers_where_it_is_told_to(proxy: Proxy) -> None:
    [prometheus] = [found for found in services("production") if found.name == "prometheus"]
    jobs = yaml.safe_load(prometheus.files["prometheus.yml"])["scrape_configs"]
    [path] = [job["metrics_path"] for job in jobs if job["job_name"] == "litellm"]
    told = proxy.asked(path, proxy.keys["LITELLM_MASTER_KEY"])
    assert told.status_code == 200
    assert "litellm_" in told.text
    assert proxy.asked(path).status_code == 401


def test_the_api_answers_through_it_and_another_model_stands_in(
    proxy: Proxy, tmp_path: Path
) -> None:
    upstream = {
        "name": "litellm",
        "base_url": f"{proxy.address}/v1",
        "secret": "LITELLM_MASTER_KEY",
        "models": [FAILING, STAND_IN],
    }
    variables = {
        "LLMOPS_UPSTREAMS": json.dumps([upstream]),
        "LLMOPS_MODEL": FAILING,
        "LITELLM_MASTER_KEY": proxy.keys["LITELLM_MASTER_KEY"],
    }
    with served.running(tmp_path, variables) as api:
        answer = api.chat("hello")
        assert answer.status_code == 200, answer.text
        said = answer.json()["choices"][0]["message"]["content"]
        streamed = api.chat("hello", stream=True, model=STAND_IN).text
    assert said == f"This is {STAND_IN}."
    assert streamed.rstrip().endswith("data: [DONE]")


def test_no_key_is_in_its_command_line_or_its_log(proxy: Proxy) -> None:
    command = Path(f"/proc/{proxy.process.pid}/cmdline").read_bytes().decode()
    log = (proxy.folder / "output.log").read_text()
    for value in proxy.keys.values():
        assert value not in command + log


def test_without_a_key_it_does_not_start(proxy: Proxy, tmp_path: Path) -> None:
    for name in proxy.keys:
        (tmp_path / name).mkdir()
        (tmp_path / name / "value").write_text("")
    words = (*proxy.service["entrypoint"], *proxy.service["command"])
    command = [here(word, tmp_path, str(free_port())) for word in words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode != 0
    assert "is empty" in done.stderr
