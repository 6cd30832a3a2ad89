"""The example for a Linux server runs as it is on this machine, and its own route asks LiteLLM."""

import asyncio
import json
import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from fastapi import HTTPException

from llmops_cli.config.environment import required_secrets
from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.load import load
from llmops_cli.config.placeholders import placeholders
from llmops_cli.flows.project_files import template_texts
from llmops_cli.hosts.making import hosts_of
from llmops_cli.secret_stores.file import FileStore
from llmops_cli.targets.host.stack_making import make_stack
from tests.project import Project, copy_of_example

EXAMPLE = Path(__file__).parents[1] / "examples/host-gpu-stack"
WORKFLOW = ".github/workflows/deploy.yml"


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Project]:
    """A copy of the example, in a repository of its own, as its README says."""
    project = copy_of_example(EXAMPLE, tmp_path, r"port = 8000")
    yield project
    project.close()


def test_its_workflow_tests_it_on_the_runner(copied: Project) -> None:
    steps = yaml.safe_load((copied.root / WORKFLOW).read_text())["jobs"]["test"]["steps"]
    commands = [step["run"] for step in steps if "run" in step and "if" not in step]
    programs = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for command in commands[1:]:
        words = ["bash", "-e", "-o", "pipefail", "-c", command]
        done = subprocess.run(
            words, cwd=copied.root, env=programs, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    key = (copied.state / "secrets/LLMOPS_API_KEY/1").read_text()
    headers = {"authorization": f"Bearer {key}"}
    with httpx2.Client(base_url=copied.url, headers=headers, timeout=20) as client:
        answer = client.post("/v1/embeddings", json={"input": "Hello"})
        assert (answer.status_code, "beside this API" in answer.text) == (503, True)
        assert client.post("/v1/embeddings", json={"input": ["x"] * 65}).status_code == 422
    assert httpx2.post(f"{copied.url}/v1/embeddings", json={"input": "x"}).status_code == 401


def test_it_is_what_init_writes_where_it_has_nothing_of_its_own() -> None:
    texts = template_texts(EXAMPLE.name, "host", "gpu-stack", 8000)
    for path in (
        *(".gitignore", ".dockerignore", "prompts/system.md", "evals/basics.toml"),
        *("litellm.yaml", WORKFLOW, "deploy/known_hosts"),
    ):
        assert (EXAMPLE / path).read_text() == texts[path], path


def test_all_it_needs_is_said_and_its_server_is_to_be_named() -> None:
    config = load(EXAMPLE)
    target = config.targets["host"]
    assert isinstance(target, HostTarget)
    assert target.stack is not None
    assert target.stack.profile == "gpu-stack"
    assert len(placeholders(target)) == 2
    assert target.drain_seconds >= config.api.request_seconds
    text = (EXAMPLE / "README.md").read_text()
    assert [name for name in required_secrets(config) if name not in text] == []


def test_nothing_of_its_stack_is_published_but_litellm_on_the_host_itself(tmp_path: Path) -> None:
    config = load(EXAMPLE)
    target = config.targets["host"]
    assert isinstance(target, HostTarget)
    hosts = hosts_of(config, target, EXAMPLE)
    stack = make_stack(config, target, EXAMPLE, hosts, FileStore(tmp_path))
    [text] = [text for path, text in stack.documents().items() if path.endswith("compose.yaml")]
    services = yaml.safe_load(text)["services"]
    assert set(services) == {"vllm", "tei", "litellm"}
    published = {name: service.get("ports", []) for name, service in services.items()}
    assert (published.pop("vllm"), published.pop("tei")) == ([], [])
    assert "127.0.0.1" in str(published["litellm"])
    assert "4000" in str(published["litellm"])
    assert "latest" not in text


def test_its_route_asks_litellm_with_the_key_that_the_release_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("key-of-litellm\n")
    monkeypatch.setenv("LITELLM_MASTER_KEY_FILE", str(tmp_path / "key"))
    vectors = {"object": "list", "data": [{"index": 0, "embedding": [0.1, 0.2]}]}
    with litellm(vectors) as (port, asked):
        module = route(port)
        given = module["Texts"](input=["Hallo", "こんにちは"])
        assert asyncio.run(module["embed"](given)) == vectors
    [(key, body)] = asked
    assert key == "Bearer key-of-litellm"
    assert body == {"input": ["Hallo", "こんにちは"], "model": "bge-m3"}
    with pytest.raises(HTTPException) as caught:
        asyncio.run(module["embed"](given))
    assert caught.value.status_code == 502
    assert "key-of-litellm" not in str(caught.value.detail)


def route(port: int) -> Mapping[str, Any]:
    """Return what the example's module holds, with LiteLLM at another port."""
    module = runpy.run_path(str(EXAMPLE / "embeddings.py"))
    module["embed"].__globals__["_LITELLM"] = f"http://127.0.0.1:{port}/v1/embeddings"
    return module


@contextmanager
def litellm(answer: object) -> Iterator[tuple[int, list[tuple[str | None, object]]]]:
    """A server that gives this answer; yields its port, and what it is asked."""
    asked: list[tuple[str | None, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            asked.append((self.headers["authorization"], json.loads(body)))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port, asked
        server.shutdown()
