"""Removes images that no target can go back to from the project's registry."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from llmops_cli.core.plan import Observer, Phase, Plan, Step, apply, ignore
from llmops_cli.core.target import Target
from llmops_cli.errors import LlmopsError
from llmops_cli.flows.locking import locked
from llmops_cli.flows.needed_images import needed_images
from llmops_cli.registries.holdings import Removal
from llmops_cli.registries.oci import Published, Registry

#: Labels that `llmops build` puts on an image; see `images/labels.py`.
_PROJECT = "llmops.project"
_RELEASE = "llmops.release"
_CREATED = "org.opencontainers.image.created"
#: How the tag begins that an image has besides, where the registry itself has built it.
_BUILDING = "building-"


@dataclass(frozen=True)
class Scene:
    """The registry of a project, and every target that may run what is in it.

    An image is spared while its commit is younger than ``spared``.
    """

    project: str
    registry: Registry
    targets: Sequence[Target]
    spared: timedelta


@dataclass(frozen=True)
class Held:
    """An image in the registry: its digest, all its tags, and why it is kept; else it may go."""

    digest: str
    tags: tuple[str, ...]
    created_at: datetime | None
    kept_because: str = ""
    removal: Removal | None = None


def survey(scene: Scene) -> tuple[Held, ...]:
    """Say of every image whether it may go. Changes nothing.

    Raises:
        LlmopsError: a target cannot be read, or the registry; its class is that of the cause.
    """
    # The targets first: what is pushed and deployed meanwhile is then not known to be unneeded,
    # and it is young.
    needed = needed_images(scene.targets)
    by_digest: dict[str, list[str]] = {}
    holdings = scene.registry.holdings()
    for tag, published in sorted(holdings.items()):
        by_digest.setdefault(published.digest, []).append(tag)
    needed |= _parts(holdings.values(), needed)
    now = datetime.now(UTC)
    return tuple(
        _judged(scene, holdings[tags[0]], tuple(tags), needed, now) for tags in by_digest.values()
    )


def remove(scene: Scene, wanted: Iterable[Held], observe: Observer = ignore) -> tuple[Held, ...]:
    """Remove those of the wanted images that may go still, with every target locked meanwhile.

    Between the push of an image and its record at a target there is then nothing that could be
    taken away.

    Raises:
        LockedError: somebody deploys.
        AccessError: the login may not remove. Other errors are those of `survey`.
    """
    asked = {held.digest for held in wanted if not held.kept_because}
    with ExitStack() as stack:
        for target in scene.targets:
            stack.enter_context(locked(target, "llmops prune"))
        doomed = [held for held in survey(scene) if held.digest in asked and not held.kept_because]
        return tuple(_remove(scene.registry, doomed, observe))


def _judged(
    scene: Scene,
    published: Published,
    tags: tuple[str, ...],
    needed: Mapping[str, str],
    now: datetime,
) -> Held:
    labels = published.labels
    created = _moment(labels.get(_CREATED))
    held = Held(published.digest, tags, created)
    if published.digest in needed:
        return replace(held, kept_because=needed[published.digest])
    if labels.get(_PROJECT) != scene.project or not labels.get(_RELEASE):
        return replace(held, kept_because="not made by llmops for this project")
    if not set(tags) <= {labels[_RELEASE], _BUILDING + labels[_RELEASE]}:
        return replace(held, kept_because="has a tag that llmops did not give it")
    if created is None:
        return replace(held, kept_because="does not say how old it is")
    if now - created < scene.spared:
        return replace(held, kept_because=f"younger than {scene.spared.days} days")
    return held


def _parts(holdings: Iterable[Published], needed: Mapping[str, str]) -> dict[str, str]:
    """Return the images of the lists that are needed: without them a list is worth nothing."""
    return {
        part: needed[published.digest]
        for published in holdings
        if published.digest in needed
        for part in published.parts
    }


def _remove(registry: Registry, doomed: Sequence[Held], observe: Observer) -> Iterator[Held]:
    removals = registry.remove(held.digest for held in doomed)
    gone: list[Held] = []
    for held in doomed:
        try:
            ended = _removed(held, removals, observe)
        except LlmopsError as error:
            error.state = _state(gone)
            raise
        gone += [ended] if ended.removal is Removal.DONE else []
        yield ended


def _removed(held: Held, removals: Iterator[Removal], observe: Observer) -> Held:
    ended: list[Removal] = []
    step = Step(
        Phase.TIDY,
        f"Delete {', '.join(held.tags)}",
        lambda: ended.append(next(removals)),
        {"digest": held.digest},
    )
    apply(Plan((step,)), observe)
    return replace(held, removal=ended[0])


def _state(gone: Sequence[Held]) -> str:
    names = ", ".join(tag for held in gone for tag in held.tags) or "nothing"
    return f"Deleted: {names}. What was serving is serving still."


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
