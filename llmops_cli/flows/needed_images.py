"""Which images targets can still go back to."""

import re
from collections.abc import Iterator, Sequence

from llmops_cli.core.release import Release
from llmops_cli.core.target import Target
from llmops_cli.errors import LlmopsError, PreflightError

#: More than any target keeps.
_ALL = 10_000
_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})$")


def needed_images(targets: Sequence[Target]) -> dict[str, str]:
    """Return the digests of the images that targets run or keep, with the reason in words.

    Raises:
        LlmopsError: a target cannot be read, or does not say what a release of its runs.
    """
    needed: dict[str, str] = {}
    for target in targets:
        for release, reason in _read(target):
            found = _DIGEST.search(release.image)
            if found:
                needed.setdefault(found[1], f"{reason} on {target.name}")
            elif not release.image:
                raise _unknown(target, release)
            # Else it is an image that an engine made for itself, and no registry has it.
    return needed


def _read(target: Target) -> list[tuple[Release, str]]:
    try:
        return list(_releases(target))
    except LlmopsError as error:
        raise type(error)(
            f"The target {target.name} cannot be read, so what it can go back to is not known.",
            evidence=" ".join(part for part in (error.message, error.evidence) if part),
            state="Nothing was deleted.",
            next_step=error.next_step or f"llmops status -t {target.name}",
        ) from error


def _releases(target: Target) -> Iterator[tuple[Release, str]]:
    state = target.inspect()
    for release in (state.live, state.recorded):
        if release is not None:
            yield release, "live"
    for kept in target.releases(_ALL):
        names = ", ".join(kept.names)
        yield kept.release, f"kept as {names}" if names else "kept"


def _unknown(target: Target, release: Release) -> PreflightError:
    return PreflightError(
        f"The target {target.name} does not say which image {release.id} runs.",
        state="Nothing was deleted.",
        next_step=f"llmops releases -t {target.name}",
    )
