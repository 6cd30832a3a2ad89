"""What `llmops doctor` looks at for a local target: the extras, and the port."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from llmops_cli.core.diagnosis import Diagnosis, Probe, ok, problem
from llmops_cli.core.release import Release
from llmops_cli.core.target import Target


def probes(target: Target, settings: Mapping[str, str]) -> list[Probe]:
    """Return the looks at a local target; ``settings`` are those of a release of the project."""
    return [Probe(target.name, lambda: _look(target, settings))]


def _look(target: Target, settings: Mapping[str, str]) -> Sequence[Diagnosis]:
    release = Release(
        id="doctor",
        commit="",
        tree="",
        committed_at=datetime.now(UTC),
        subject="",
        settings={**settings, **target.settings()},
    )
    found = [problem(target.name, each.what, each.fix) for each in target.preflight(release)]
    address = f"{release.settings['HOST']}:{release.settings['PORT']}"
    return found or [ok(target.name, f"can serve at {address}")]
