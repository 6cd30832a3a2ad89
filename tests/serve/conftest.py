"""One API with the demo model and one in front of a scripted upstream, for each test process."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.serve import scripted_upstream, served
from tests.serve.scripted_upstream import ScriptedUpstream
from tests.serve.served import Served

#: The budget of the upstream, in seconds: long enough for a busy machine, short enough to wait for.
BUDGET = 1.5

Start = Callable[..., Served]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An API with the built-in model."""
    with served.running(tmp_path_factory.mktemp("demo"), {}) as api:
        yield api


@pytest.fixture(scope="session")
def _scripted() -> Iterator[ScriptedUpstream]:
    with scripted_upstream.running() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def _gateway(
    _scripted: ScriptedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("gateway")
    with served.running(folder, in_front_of(_scripted.base_url)) as api:
        yield api


@pytest.fixture
def upstream(_scripted: ScriptedUpstream) -> ScriptedUpstream:
    """The upstream of `gateway`, with an empty script."""
    _scripted.reset()
    return _scripted


@pytest.fixture
def gateway(_gateway: Served, upstream: ScriptedUpstream) -> Served:
    """An API that passes chats on to `upstream`."""
    return _gateway


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start an API with these variables, in the folder of the test."""
    with ExitStack() as stack:
        yield lambda **variables: stack.enter_context(served.running(tmp_path, variables))


def in_front_of(base_url: str, *models: str) -> dict[str, str]:
    """Return the variables of an API whose only upstream is at ``base_url``."""
    entry = {
        "name": "scripted",
        "base_url": base_url,
        "secret": "UPSTREAM_KEY",
        "models": models or ["m", "family/other"],
    }
    return {
        "LLMOPS_UPSTREAMS": json.dumps([entry]),
        "LLMOPS_MODEL": (models or ("m",))[0],
        "LLMOPS_REQUEST_SECONDS": str(BUDGET),
        # Each act of a script is one failure, and none of them has to do with the next.
        "LLMOPS_RETRIES": "0",
        "LLMOPS_CIRCUIT_FAILURES": "1000",
        "UPSTREAM_KEY": scripted_upstream.KEY,
    }
