"""A deploy whose models are real: llama.cpp as a server, and as the engine inside the release."""

from pathlib import Path

import openai
import pytest

from tests.checks.processes import llama
from tests.project import API_KEY, Project, make_project
from tests.tiny_gguf import write_tiny_gguf

pytest.importorskip("xllamacpp", reason="the engine extra is not installed")

UPSTREAM_KEY = "key-of-the-upstream-0123456789"


def upstream_at(url: str) -> str:
    return f"""
model = "tiny"
sessions.max_tokens = 16
[[api.upstreams]]
name = "llama"
base_url = "{url}/v1"
secret = "LLAMA_KEY"
models = ["tiny"]
"""


def engine_of(model: Path) -> str:
    return f"""
model = "tiny"
sessions.max_tokens = 16
[[api.upstreams]]
name = "engine"
gguf = "{model}"
models = ["tiny"]
"""


def deployed(project: Project) -> Project:
    """Deploy with a model of random weights, which recalls nothing that it was told."""
    text = (project.root / "llmops.toml").read_text()
    project.write("llmops.toml", text.replace("[checks]", "[checks]\nrecall = false"))
    project.commit("Use a real model")
    project.ok("deploy")
    return project


def ask_with_and_without_streaming(project: Project) -> None:
    client = openai.OpenAI(base_url=f"{project.url}/v1", api_key=API_KEY, max_retries=0)
    with client:
        assert [model.id for model in client.models.list()] == ["tiny"]
        question = [{"role": "user", "content": "Hello"}]
        whole = client.chat.completions.create(model="tiny", messages=question, max_tokens=8)
        assert whole.choices[0].message.role == "assistant"
        assert whole.usage is not None
        assert whole.usage.completion_tokens > 0
        with client.chat.completions.create(
            model="tiny", messages=question, max_tokens=8, stream=True
        ) as stream:
            chunks = list(stream)
        assert len(chunks) > 1
        assert chunks[-1].choices[0].finish_reason in ("stop", "length")


def test_a_release_passes_on_to_a_real_openai_compatible_server(tmp_path: Path) -> None:
    model = write_tiny_gguf(tmp_path / "tiny.gguf")
    with llama(model, UPSTREAM_KEY) as url:
        project = make_project(tmp_path / "chat", api=upstream_at(url))
        try:
            project.ok("secrets", "set", "LLAMA_KEY", input=UPSTREAM_KEY)
            ask_with_and_without_streaming(deployed(project))
            project.change("Another prompt.")
            project.ok("deploy")
            ask_with_and_without_streaming(project)
        finally:
            project.close()


def test_a_wrong_key_of_the_upstream_keeps_the_release_out_of_service(tmp_path: Path) -> None:
    model = write_tiny_gguf(tmp_path / "tiny.gguf")
    with llama(model, UPSTREAM_KEY) as url:
        project = make_project(tmp_path / "chat", api=upstream_at(url))
        try:
            project.ok("secrets", "set", "LLAMA_KEY", input="another-key-0123456789")
            run = project.llmops("deploy")
            assert run.status == 8
            assert "chat" in run.err
            assert "another-key" not in run.said
        finally:
            project.close()


def test_a_release_serves_a_gguf_file_itself(tmp_path: Path) -> None:
    model = write_tiny_gguf(tmp_path / "tiny.gguf")
    project = make_project(tmp_path / "chat", api=engine_of(model))
    try:
        ask_with_and_without_streaming(deployed(project))
        smoke = project.llmops("smoke-test")
        assert smoke.status == 0, smoke.said
    finally:
        project.close()


def test_a_gguf_file_of_the_commit_is_part_of_the_release(tmp_path: Path) -> None:
    project = make_project(tmp_path / "chat", api=engine_of(Path("models/tiny.gguf")))
    try:
        (project.root / "models").mkdir()
        write_tiny_gguf(project.root / "models" / "tiny.gguf")
        deployed(project)
        release = project.serving()
        assert (project.state / "releases" / release / "source/models/tiny.gguf").is_file()
    finally:
        project.close()


def test_a_model_that_cannot_recall_fails_the_deploy_unless_the_project_says_so(
    tmp_path: Path,
) -> None:
    model = write_tiny_gguf(tmp_path / "tiny.gguf")
    project = make_project(tmp_path / "chat", api=engine_of(model))
    try:
        run = project.llmops("deploy")
        assert run.status == 8
        assert "session-memory" in run.err
        deployed(project)
        assert project.ok("smoke-test")
    finally:
        project.close()
