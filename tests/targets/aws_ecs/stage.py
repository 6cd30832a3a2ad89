"""A service of ECS and a project that is deployed to it, as tests use them together."""

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.commands import Run
from tests.fakes.aws.cloud import BUCKET, AwsCloud
from tests.fakes.aws.identity import ACCOUNT
from tests.fakes.aws.project import KIND, AwsProject, make_aws_project
from tests.fakes.aws.secrets_kept import Kept
from tests.fakes.call import Call
from tests.project import API_KEY

#: How operations begin that change nothing.
_READING = ("Describe", "List", "Get", "Head", "BatchGet")
KEY = "demo/LLMOPS_API_KEY"


@dataclass
class Stage:
    """What a test looks at: the cloud with its service, and the project."""

    cloud: AwsCloud
    project: AwsProject = field(init=False)

    @classmethod
    def of(cls, cloud: AwsCloud, *, is_rolling: bool = False) -> "Stage":
        """Make what Terraform makes."""
        if is_rolling:
            cloud.ecs.make_rolling()
        cloud.make_bucket()
        cloud.scaling.seed()
        return cls(cloud)

    @classmethod
    def new(cls, cloud: AwsCloud, root: Path, *, is_rolling: bool = False, **lines: str) -> "Stage":
        """Make the service and a project of one commit, with more lines of its file."""
        stage = cls.of(cloud, is_rolling=is_rolling)
        cloud.secrets.put(KEY, API_KEY)
        stage.project = make_aws_project(root, cloud, **lines)
        return stage

    @property
    def commits(self) -> list[str]:
        """The release ids of the project's commits, the oldest first."""
        return [line[:12] for line in self.project.git("rev-list", "--reverse", "HEAD").split()]

    @property
    def changes(self) -> list[Call]:
        """What was asked of AWS that changes anything but the lock and the record."""
        return [
            call
            for call in self.cloud.requests
            if not call.operation.partition(".")[2].startswith(_READING)
            and not call.operation.startswith(("s3.", "sts."))
        ]

    def asked(self, operation: str) -> list[Any]:
        """The bodies of the requests for an operation."""
        return [call.body for call in self.cloud.requests if call.operation == operation]

    @property
    def begun(self) -> list[Any]:
        """What was asked for with each deployment of ours."""
        return [body for body in self.asked("ecs.UpdateService") if "taskDefinition" in body]

    def definition_of(self, release: str) -> str:
        """The ARN of the newest task definition of a release, whatever became of it."""
        found = [
            arn
            for arn, one in self.cloud.ecs.definitions.kept.items()
            for variable in one["containerDefinitions"][0].get("environment") or []
            if variable == {"name": "LLMOPS_RELEASE", "value": release}
        ]
        return found[-1]

    def script(self, release: str, *manner: Any, **more: Any) -> None:
        """Let the containers of a release behave so."""
        self.cloud.containers.script(
            self.project.images[release].partition("@")[2], *manner, **more
        )

    def configure(self, **lines: object) -> str:
        """Set keys of the target, and commit; return the release."""
        file = self.project.root / "llmops.toml"
        kept = file.read_text().splitlines()
        for key, value in lines.items():
            kept = [line for line in kept if not line.startswith(f"{key} =")]
            kept.insert(kept.index(f"[targets.{KIND}]") + 1, f"{key} = {value}")
        file.write_text("\n".join(kept) + "\n")
        return self.project.commit("Configure")

    def status(self) -> dict[str, Any]:
        """What `llmops status` says, whatever its exit status."""
        return self.project.llmops("status", "--json").document

    def releases(self) -> list[dict[str, Any]]:
        """What `llmops releases` lists."""
        found: list[dict[str, Any]] = self.project.ok("releases", "--json").document["releases"]
        return found

    def records(self) -> dict[str, bytes]:
        """The texts in the bucket, by their keys."""
        from moto.s3.models import s3_backends

        bucket = s3_backends[ACCOUNT]["aws"].buckets[BUCKET]
        return {str(key): bytes(bucket.keys[key].value) for key in bucket.keys}

    def put_records(self, records: dict[str, bytes]) -> None:
        """Put texts into the bucket, and nothing else."""
        from moto.s3.models import s3_backends

        backend = s3_backends[ACCOUNT]["aws"]
        for key in list(backend.buckets[BUCKET].keys):
            backend.delete_object(BUCKET, key)
        for key, text in records.items():
            backend.put_object(BUCKET, key, text)


@dataclass
class Seed:
    """What is copied for every test: the service, the bucket, the secrets, the project's folder."""

    service: dict[str, Any]
    records: dict[str, bytes]
    kept: dict[str, Kept]
    project: AwsProject

    @classmethod
    def of(cls, stage: Stage) -> "Seed":
        """Take what there is now."""
        kept = copy.deepcopy(stage.cloud.secrets.kept)
        return cls(stage.cloud.ecs.seeded(), stage.records(), kept, stage.project)

    def copy(self, root: Path, cloud: AwsCloud) -> Stage:
        """Return a copy of it, in which the live release answers already."""
        stage = Stage.of(cloud)
        cloud.scaling.seed(is_suspended=False)
        cloud.secrets.kept = copy.deepcopy(self.kept)
        stage.project = self.project.copy(root, cloud)
        stage.put_records(self.records)
        cloud.ecs.seed(self.service)
        return stage


def error_of(run: Run) -> dict[str, str]:
    """The error that a command ended with."""
    found: dict[str, str] = run.document["error"]
    return found
