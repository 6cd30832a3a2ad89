"""The local engine: the real llama.cpp, inside the process of the API, on a tiny model."""

import json
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.serve import served
from tests.serve.conftest import Start
from tests.serve.served import KEY, Served
from tests.tiny_gguf import write_tiny_gguf
from tests.waiting import eventually


def with_engine(path: Path) -> dict[str, str]:
    entry = {"name": "local", "gguf": str(path), "models": ["tiny"]}
    return {"LLMOPS_UPSTREAMS": json.dumps([entry]), "LLMOPS_MODEL": "tiny"}


def wait_until_loaded(api: Served) -> None:
    eventually(lambda: api.get("/health/ready").status_code == 200)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("engine")
    with served.running(folder, with_engine(write_tiny_gguf(folder / "tiny.gguf"))) as api:
        wait_until_loaded(api)
        yield api


def test_the_official_client_chats_streams_and_lists(engine: Served) -> None:
    asking = [{"role": "user", "content": "Hello"}]
    with openai.OpenAI(base_url=f"{engine.address}/v1", api_key=KEY, max_retries=0) as client:
        whole = client.chat.completions.create(
            model="tiny", messages=asking, max_tokens=8, temperature=0
        )
        chunks = list(
            client.chat.completions.create(
                model="tiny", messages=asking, max_tokens=8, temperature=0, stream=True
            )
        )
        assert [model.id for model in client.models.list()] == ["tiny"]
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 8
    assert whole.choices[0].finish_reason == "length"
    said = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert said == whole.choices[0].message.content


def test_a_session_is_answered_by_it(engine: Served) -> None:
    answer = engine.say(engine.new_session(), "Hello")
    assert answer.status_code == 200
    assert isinstance(answer.json()["assistant"]["answer"], str)


def test_a_field_of_the_wrong_type_is_refused_by_it(engine: Served) -> None:
    answer = engine.post("/v1/chat/completions", {"messages": "Hello"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_the_place_of_the_file_stays_unknown(engine: Served) -> None:
    assert engine.chat("Hello", max_tokens=1).json()["model"] == "tiny"


def test_readiness_names_it(engine: Served) -> None:
    checks = engine.get("/health/ready").json()["checks"]
    assert checks["engine:local"]["healthy"] is True


def test_it_stops_cleanly(start: Start, tmp_path: Path) -> None:
    api = start(**with_engine(write_tiny_gguf(tmp_path / "tiny.gguf")))
    wait_until_loaded(api)
    assert api.stop() == 0


def test_a_model_that_cannot_be_loaded_is_alive_but_not_ready(start: Start, tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF and nothing else")
    api = start(**with_engine(tmp_path / "broken.gguf"))
    assert api.get("/health").status_code == 200
    ready = api.get("/health/ready")
    chat = api.chat("Hello")
    assert ready.status_code == 503
    assert ready.json()["checks"]["engine:local"]["healthy"] is False
    assert chat.status_code == 503
    assert chat.json()["error"]["code"] == "model_loading"
    assert api.say(api.new_session(), "Hello").status_code == 503
    assert api.stop() == 0
