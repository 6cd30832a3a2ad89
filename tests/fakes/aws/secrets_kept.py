"""A secret of the fake Secrets Manager: its versions, and the stages that they are in."""

import hashlib
from dataclasses import dataclass, field

from tests.fakes.aws.identity import ACCOUNT, REGION
from tests.fakes.aws.wire import RefusedError

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@dataclass
class Version:
    """A value; a version without a stage is deprecated."""

    id: str
    value: str
    created: float
    stages: list[str] = field(default_factory=list)


@dataclass
class Kept:
    """A secret. ``deleted`` is when it was scheduled for deletion."""

    name: str
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)
    created: float = 0.0
    deleted: float | None = None

    @property
    def arn(self) -> str:
        """Its ARN, with the six letters that AWS adds; the same in every run."""
        drawn = hashlib.sha256(self.name.encode()).digest()[:6]
        suffix = "".join(_LETTERS[byte % len(_LETTERS)] for byte in drawn)
        return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{self.name}-{suffix}"

    def in_stage(self, stage: str) -> Version | None:
        """Return the version that is in a stage."""
        return next((one for one in self.versions.values() if stage in one.stages), None)

    def put(self, version: Version, stages: list[str]) -> None:
        """Add a version, in stages that are taken from others; the first one is current."""
        if self.in_stage(CURRENT) is None and CURRENT not in stages:
            stages = [*stages, CURRENT]
        self.versions[version.id] = version
        for stage in stages:
            self.give(stage, version)

    def give(self, stage: str, version: Version) -> None:
        """Put a version in a stage. What was current before is the previous one then."""
        before = self.in_stage(stage)
        if before is version:
            return
        if before is not None:
            before.stages.remove(stage)
            if stage == CURRENT:
                self.give(PREVIOUS, before)
        if stage == CURRENT and PREVIOUS in version.stages:
            version.stages.remove(PREVIOUS)
        version.stages.append(stage)

    def found(self, version_id: str | None, stage: str | None) -> Version:
        """Return a version by its id, its stage, or both; the current one by neither."""
        wanted = self.versions.get(version_id) if version_id else self.in_stage(stage or CURRENT)
        if wanted is None or (version_id and stage and stage not in wanted.stages):
            what = (
                f"VersionId: {version_id}" if version_id else f"staging label: {stage or CURRENT}"
            )
            raise RefusedError(
                "ResourceNotFoundException",
                f"Secrets Manager can't find the specified secret value for {what}",
            )
        return wanted
