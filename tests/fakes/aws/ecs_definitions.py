"""The task definitions of the fake ECS: they never change, and are never forgotten."""

import copy
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.aws.ecs_rules import look_at_definition
from tests.fakes.aws.identity import ACCOUNT, REGION
from tests.fakes.aws.wire import RefusedError

Body = dict[str, Any]
_PREFIX = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/"


@dataclass
class Definitions:
    """All revisions, by ARN, the oldest first; ``tags`` by ARN."""

    kept: dict[str, Body] = field(default_factory=dict)
    tags: dict[str, list[Body]] = field(default_factory=dict)
    page_size: int = 100

    def handlers(self) -> Mapping[str, Callable[[Body], Body]]:
        """Return the operations by their names."""
        return {
            "RegisterTaskDefinition": self._register,
            "DescribeTaskDefinition": self._describe,
            "DeregisterTaskDefinition": self._deregister,
            "ListTaskDefinitions": self._list,
            "DeleteTaskDefinitions": self._delete,
        }

    def add(self, body: Body) -> Body:
        """Keep a revision, and return it as AWS shows it."""
        family = body["family"]
        number = 1 + max((one["revision"] for one in self._of(family)), default=0)
        arn = f"{_PREFIX}{family}:{number}"
        defaults: Body = {"volumes": [], "placementConstraints": []}
        self.kept[arn] = {
            **defaults,
            **copy.deepcopy({name: value for name, value in body.items() if name != "tags"}),
            "taskDefinitionArn": arn,
            "revision": number,
            "status": "ACTIVE",
            "compatibilities": ["EC2", "FARGATE"],
            "registeredAt": 1_790_000_000.0 + len(self.kept),
            "registeredBy": f"arn:aws:iam::{ACCOUNT}:user/ci",
        }
        self.tags[arn] = list(body.get("tags") or [])
        return self.kept[arn]

    def found(self, reference: str) -> Body:
        """Return a revision by its ARN, or by "family:revision", or the newest of a family."""
        family, _, number = reference.removeprefix(_PREFIX).partition(":")
        if number:
            found = [one for one in self._of(family) if str(one["revision"]) == number]
        else:
            found = [one for one in self._of(family) if one["status"] == "ACTIVE"]
        if not found:
            raise RefusedError("ClientException", "Unable to describe task definition.")
        return found[-1]

    def _register(self, body: Body) -> Body:
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", body["family"]):
            raise RefusedError("ClientException", "Invalid family name.")
        look_at_definition(body)
        made = self.add(body)
        return {"taskDefinition": made, "tags": self.tags[made["taskDefinitionArn"]]}

    def _describe(self, body: Body) -> Body:
        found = self.found(body["taskDefinition"])
        tags = {"tags": self.tags[found["taskDefinitionArn"]]}
        return {"taskDefinition": found, **(tags if "TAGS" in (body.get("include") or []) else {})}

    def _deregister(self, body: Body) -> Body:
        if ":" not in body["taskDefinition"].removeprefix(_PREFIX):
            raise RefusedError("InvalidParameterException", "Task definition is missing revision")
        found = self.found(body["taskDefinition"])
        found |= {"status": "INACTIVE", "deregisteredAt": 1_790_000_500.0}
        return {"taskDefinition": found}

    def _delete(self, body: Body) -> Body:
        found = [self.found(one) for one in body["taskDefinitions"]]
        if any(one["status"] == "ACTIVE" for one in found):
            said = "The specified task definition is still in ACTIVE status."
            raise RefusedError("InvalidParameterException", said)
        for one in found:
            del self.kept[one["taskDefinitionArn"]]
        shown = [{**one, "status": "DELETE_IN_PROGRESS"} for one in found]
        return {"taskDefinitions": shown, "failures": []}

    def _list(self, body: Body) -> Body:
        status, prefix = body.get("status", "ACTIVE"), body.get("familyPrefix")
        found = [
            arn
            for arn, one in self.kept.items()
            if one["status"] == status and prefix in (None, one["family"])
        ]
        if body.get("sort") == "DESC":
            found.reverse()
        start = int(body.get("nextToken") or 0)
        end = start + min(self.page_size, body.get("maxResults") or 100)
        more = {"nextToken": str(end)} if end < len(found) else {}
        return {"taskDefinitionArns": found[start:end], **more}

    def _of(self, family: str) -> list[Body]:
        return [one for one in self.kept.values() if one["family"] == family]
