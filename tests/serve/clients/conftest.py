"""An API with a real engine, and one whose model never loads, for clients to ask."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serve import served
from tests.serve.served import Served
from tests.tiny_gguf import write_tiny_gguf
from tests.waiting import eventually


def with_engine(path: Path) -> dict[str, str]:
    entry = {"name": "local", "gguf": str(path), "models": ["tiny"]}
    return {"LLMOPS_UPSTREAMS": json.dumps([entry]), "LLMOPS_MODEL": "tiny"}


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An API with llama.cpp in it, on a tiny model."""
    pytest.importorskip("xllamacpp", reason="needs the engine extra")
    folder = tmp_path_factory.mktemp("engine")
    with served.running(folder, with_engine(write_tiny_gguf(folder / "tiny.gguf"))) as api:
        eventually(lambda: api.get("/health/ready").status_code == 200)
        yield api


@pytest.fixture(scope="session")
def loading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An API that says 503 to every chat, because its model is not there."""
    pytest.importorskip("xllamacpp", reason="needs the engine extra")
    folder = tmp_path_factory.mktemp("loading")
    (folder / "broken.gguf").write_bytes(b"GGUF and nothing else")
    with served.running(folder, with_engine(folder / "broken.gguf")) as api:
        yield api
