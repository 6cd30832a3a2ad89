"""The lock of a stack, on a real engine: one holder, told to others, never for ever."""

import secrets
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from llmops_cli.core.target import Holder
from llmops_cli.engine.docker import Engine
from llmops_cli.engine.volumes import Entry, put
from llmops_cli.errors import EngineError, LockedError
from llmops_cli.stacks.stack import Stack
from llmops_cli.targets.compose.lock import STALE_SECONDS, engine_time, held
from tests.engines import needs_engine
from tests.targets.compose.stack_project import docker

pytestmark = needs_engine
HOLDER = Holder("mara", "llmops deploy", datetime.now(UTC), 4711, "laptop")


@pytest.fixture
def stack() -> Iterator[Stack]:
    made = Stack(f"llmops-test-{secrets.token_hex(4)}")
    yield made
    ids = docker("ps", "--all", "--quiet", "--filter", f"name={made.name}").split()
    if ids:
        docker("rm", "--force", *ids)


def test_the_second_is_told_who_holds_it(stack: Stack) -> None:
    with held(Engine(), stack, HOLDER):
        with pytest.raises(LockedError) as refused, held(Engine(), stack, HOLDER):
            pass
        told = refused.value.evidence
        assert "mara runs `llmops deploy` (process 4711 on laptop)" in told
    with held(Engine(), stack, HOLDER):
        pass
    assert docker("ps", "--all", "--quiet", "--filter", f"name={stack.lock}") == ""


def test_of_many_at_once_exactly_one_gets_it(stack: Stack) -> None:
    together, ending, got = threading.Barrier(6), threading.Event(), []

    def take(number: int) -> None:
        together.wait()
        try:
            with held(Engine(), stack, HOLDER):
                got.append(number)
                ending.wait(60)
        except LockedError:
            got.append(-1)
        if len(got) == 6:
            ending.set()

    threads = [threading.Thread(target=take, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads[:]:
        thread.join(0.1)
    for _ in range(600):
        if got.count(-1) == 5:
            break
        threading.Event().wait(0.05)
    ending.set()
    for thread in threads:
        thread.join()
    assert sorted(got)[:5] == [-1] * 5
    assert len(got) == 6


def test_a_lock_whose_holder_is_silent_for_long_is_taken_over(stack: Stack) -> None:
    with held(Engine(), stack, HOLDER) as lost:
        silent = datetime.fromtimestamp(
            engine_time(Engine()).timestamp() - STALE_SECONDS - 1, tz=UTC
        )
        put(Engine(), lost.container, "", [Entry("beat", silent.isoformat().encode())])
        with held(Engine(), stack, HOLDER) as taken:
            assert taken.container != lost.container
            taken.check()
            # Whoever was silent must not go on as if nothing had happened.
            with pytest.raises(LockedError):
                lost.check()
    with pytest.raises(EngineError):
        Engine().run("container", "inspect", stack.lock)


def test_it_is_released_however_its_holder_ends(stack: Stack) -> None:
    for failure in (KeyboardInterrupt, ValueError):
        with pytest.raises(failure), held(Engine(), stack, HOLDER):
            raise failure
        with held(Engine(), stack, HOLDER):
            pass
