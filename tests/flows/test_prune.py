"""What no target can go back to leaves the registry, and nothing else does."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from llmops_cli.core.release import KeptRelease, Release, State
from llmops_cli.core.target import Holder, Target
from llmops_cli.errors import AccessError, LlmopsError, LockedError, PreflightError
from llmops_cli.flows import prune
from llmops_cli.registries.holdings import Removal
from llmops_cli.registries.login import Fixed
from llmops_cli.registries.oci import Registry
from llmops_cli.registries.patience import Patience
from llmops_cli.registries.reference import parse
from tests.engines import needs_registry
from tests.registries import servers
from tests.registries.faulty_proxy import Fault, FaultyProxy
from tests.registries.seeded import index, seed
from tests.registries.servers import RunningRegistry

pytestmark = needs_registry
NOW = datetime.now(UTC)
MONTH = timedelta(days=30)


@dataclass
class Holding:
    """What a prune sees of a target: releases, and a lock that may be taken."""

    name: str
    images: dict[str, str] = field(default_factory=dict)
    live: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    trouble: LlmopsError | None = None
    locked_by: str = ""
    locks: int = 0

    def inspect(self) -> State:
        if self.trouble:
            raise self.trouble
        return State("http://there", live=self._release(self.live) if self.live else None)

    def releases(self, limit: int) -> Sequence[KeptRelease]:
        return [
            KeptRelease(
                self._release(id), NOW, tuple(name for name in self.names if self.names[name] == id)
            )
            for id in list(self.images)[:limit]
        ]

    def lock(self, holder: Holder) -> AbstractContextManager[None]:
        if self.locked_by:
            raise LockedError(f"{self.locked_by} deploys.")
        self.locks += 1
        return nullcontext()

    def _release(self, id: str) -> Release:
        return Release(id, id * 3, id, NOW, "A change", image=self.images[id])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with servers.running(tmp_path_factory.mktemp("registry"), deletes=True) as registry:
        yield registry


@dataclass
class Shelf:
    """A repository of its own in the registry, with images as `llmops build` labels them."""

    registry: RunningRegistry
    path: str
    host: str

    def put(self, tag: str, days: float = 100, **labels: str) -> str:
        created = (NOW - timedelta(days=days)).isoformat()
        ours = {"llmops.project": "chat", "llmops.release": tag}
        found = {**ours, "org.opencontainers.image.created": created, **labels}
        return seed(self.registry.url, self.path, tag, {k: v for k, v in found.items() if v})

    def pin(self, digest: str) -> str:
        return f"{self.host}/{self.path}@{digest}"

    def tags(self) -> list[str]:
        return self.registry.tags(self.path)

    def scene(self, *targets: Holding) -> prune.Scene:
        registry = Registry(
            parse(f"{self.host}/{self.path}"), Fixed(), Patience(first_seconds=0.01)
        )
        return prune.Scene("chat", registry, [cast("Target", target) for target in targets], MONTH)


@pytest.fixture
def shelf(running: RunningRegistry, request: pytest.FixtureRequest) -> Shelf:
    return Shelf(running, f"t/{abs(hash(request.node.name))}", running.host)


def reasons(found: Sequence[prune.Held]) -> dict[str, str]:
    return {", ".join(held.tags): held.kept_because for held in found}


def pruned(scene: prune.Scene) -> list[str]:
    return [held.tags[0] for held in prune.remove(scene, prune.survey(scene))]


def test_what_any_target_runs_or_keeps_stays_and_the_rest_goes(shelf: Shelf) -> None:
    live, kept, named, other = (shelf.put(f"{n}" * 12) for n in range(1, 5))
    shelf.put("5" * 12)
    images = {"1" * 12: shelf.pin(live), "2" * 12: shelf.pin(kept), "3" * 12: shelf.pin(named)}
    azure = Holding("azure", images, "1" * 12, {"before-june": "3" * 12})
    compose = Holding("compose", {"4" * 12: shelf.pin(other)})
    scene = shelf.scene(azure, compose)
    assert reasons(prune.survey(scene)) == {
        "1" * 12: "live on azure",
        "2" * 12: "kept on azure",
        "3" * 12: "kept as before-june on azure",
        "4" * 12: "kept on compose",
        "5" * 12: "",
    }
    assert pruned(scene) == ["5" * 12]
    assert shelf.tags() == [f"{n}" * 12 for n in range(1, 5)]
    assert (azure.locks, compose.locks) == (1, 1)


def test_a_release_that_another_host_name_pins_is_kept_too(shelf: Shelf) -> None:
    digest = shelf.put("1" * 12)
    elsewhere = Holding("azure", {"1" * 12: f"private.example/x@{digest}"})
    assert pruned(shelf.scene(elsewhere)) == []


def test_what_is_young_or_foreign_or_bears_another_tag_stays(shelf: Shelf) -> None:
    shelf.put("1" * 12, days=29.9)
    shelf.put("2" * 12, **{"llmops.project": "other"})
    shelf.put("by-hand", **{"llmops.project": "", "llmops.release": ""})
    shelf.put("4" * 12, **{"org.opencontainers.image.created": "long ago"})
    shelf.put("5" * 12)
    shelf.put("stable", **{"llmops.release": "5" * 12})
    scene = shelf.scene(Holding("azure"))
    assert reasons(prune.survey(scene)) == {
        "1" * 12: "younger than 30 days",
        "2" * 12: "not made by llmops for this project",
        "by-hand": "not made by llmops for this project",
        "4" * 12: "does not say how old it is",
        "5" * 12 + ", stable": "has a tag that llmops did not give it",
    }
    assert pruned(scene) == []


def test_the_images_of_a_list_that_is_kept_stay(shelf: Shelf) -> None:
    one = shelf.put("1" * 12)
    both = index(shelf.registry.url, shelf.path, "both", {"linux/amd64": one})
    azure = Holding("azure", {"2" * 12: shelf.pin(both)})
    assert reasons(prune.survey(shelf.scene(azure)))["1" * 12] == "kept on azure"


@pytest.mark.parametrize("error", [AccessError("No right."), PreflightError("No app.")])
def test_a_target_that_cannot_be_read_stops_everything(shelf: Shelf, error: LlmopsError) -> None:
    shelf.put("1" * 12)
    scene = shelf.scene(Holding("compose"), Holding("azure", trouble=error))
    with pytest.raises(type(error), match="The target azure cannot be read") as caught:
        pruned(scene)
    assert caught.value.state == "Nothing was deleted."
    assert caught.value.evidence == error.message
    assert shelf.tags() == ["1" * 12]


def test_a_target_that_does_not_say_what_it_runs_stops_everything(shelf: Shelf) -> None:
    shelf.put("1" * 12)
    with pytest.raises(PreflightError, match="does not say which image 2222"):
        pruned(shelf.scene(Holding("azure", {"2" * 12: ""})))
    assert shelf.tags() == ["1" * 12]


def test_an_image_that_only_an_engine_has_is_no_reason_to_stop(shelf: Shelf) -> None:
    shelf.put("1" * 12)
    assert pruned(shelf.scene(Holding("c", {"2" * 12: f"sha256:{'a' * 64}"}))) == ["1" * 12]


def test_while_somebody_deploys_nothing_is_deleted(shelf: Shelf) -> None:
    shelf.put("1" * 12)
    scene = shelf.scene(Holding("compose"), Holding("azure", locked_by="ada"))
    with pytest.raises(LockedError, match="ada deploys"):
        pruned(scene)
    assert shelf.tags() == ["1" * 12]


def test_what_was_deployed_while_the_operator_thought_is_not_deleted(shelf: Shelf) -> None:
    digest = shelf.put("1" * 12)
    shelf.put("2" * 12)
    azure = Holding("azure")
    scene = shelf.scene(azure)
    seen = prune.survey(scene)
    azure.images["1" * 12] = shelf.pin(digest)
    assert [held.tags[0] for held in prune.remove(scene, seen)] == ["2" * 12]
    assert shelf.tags() == ["1" * 12]


def test_what_was_not_asked_about_is_not_deleted(shelf: Shelf) -> None:
    shelf.put("1" * 12)
    scene = shelf.scene(Holding("azure"))
    seen = prune.survey(scene)
    shelf.put("2" * 12)
    prune.remove(scene, seen)
    assert shelf.tags() == ["2" * 12]


def test_an_error_half_way_says_what_is_gone(shelf: Shelf) -> None:
    for n in (1, 2, 3):
        shelf.put(f"{n}" * 12)
    with FaultyProxy(shelf.registry.port) as proxy:
        shelf.host = proxy.host
        scene = shelf.scene(Holding("azure"))
        seen = prune.survey(scene)
        doomed = seen[1].digest
        proxy.faults = [Fault(f"DELETE .*{doomed}", times=9, status=403, body=b"no")]
        with pytest.raises(AccessError) as caught:
            prune.remove(scene, seen)
    assert caught.value.state == f"Deleted: {'1' * 12}. What was serving is serving still."
    assert shelf.tags() == ["2" * 12, "3" * 12]


def test_a_locked_image_is_told_and_the_others_go(shelf: Shelf) -> None:
    for n in (1, 2):
        shelf.put(f"{n}" * 12)
    with FaultyProxy(shelf.registry.port) as proxy:
        shelf.host = proxy.host
        scene = shelf.scene(Holding("azure"))
        seen = prune.survey(scene)
        # As ACR answers for an image whose deleteEnabled is false.
        proxy.faults = [Fault(f"DELETE .*{seen[0].digest}", status=405)]
        ended = prune.remove(scene, seen)
    assert [held.removal for held in ended] == [Removal.LOCKED, Removal.DONE]
    assert shelf.tags() == ["1" * 12]
