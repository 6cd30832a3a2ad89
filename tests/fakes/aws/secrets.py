"""A fake Secrets Manager, whose stages move as those of AWS do."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.aws.secrets_kept import CURRENT, Kept, Version
from tests.fakes.aws.wire import RefusedError

Body = dict[str, Any]
_GONE = "You can't perform this operation on the secret because it was marked for deletion."
_TAKEN = "a secret with this name is already scheduled for deletion."


@dataclass
class Secrets:
    """All secrets of the account. ``role_may_read`` is the right of the tasks' execution role."""

    kept: dict[str, Kept] = field(default_factory=dict)
    role_may_read: bool = True
    page_size: int = 3

    def put(self, name: str, value: str) -> str:
        """Keep a value as the current version, as somebody with the console does; return its id."""
        kept = self.kept.setdefault(name, Kept(name, created=time.time()))
        version = Version(str(uuid.uuid4()), value, time.time())
        kept.put(version, [CURRENT])
        return version.id

    def resolve(self, reference: str) -> str | None:
        """Return what a task gets for a ``valueFrom``; None where its role gets nothing."""
        parts = reference.split(":")
        arn, (key, stage, version) = parts[:7], (*parts[7:], "", "", "")[:3]
        kept = next((one for one in self.kept.values() if one.arn == ":".join(arn)), None)
        if kept is None or kept.deleted or not self.role_may_read:
            return None
        try:
            value = kept.found(version or None, stage or None).value
        except RefusedError:
            return None
        return str(json.loads(value)[key]) if key else value

    def handlers(self) -> Mapping[str, Callable[[Body], Body]]:
        """Return the operations of Secrets Manager by their names."""
        return {
            "CreateSecret": self._create,
            "PutSecretValue": self._put,
            "GetSecretValue": self._get,
            "DescribeSecret": self._describe,
            "ListSecrets": self._list,
            "ListSecretVersionIds": self._versions,
            "UpdateSecretVersionStage": self._stage,
            "DeleteSecret": self._delete,
            "RestoreSecret": self._restore,
            "TagResource": self._tag,
            "UntagResource": self._untag,
        }

    def _create(self, body: Body) -> Body:
        name = body["Name"]
        if found := self.kept.get(name):
            if found.deleted:
                said = f"You can't create this secret because {_TAKEN}"
                raise RefusedError("InvalidRequestException", said)
            said = f"The operation failed because the secret {name} already exists."
            raise RefusedError("ResourceExistsException", said)
        kept = Kept(name, body.get("Description", ""), _tags(body), created=time.time())
        self.kept[name] = kept
        answer = {"ARN": kept.arn, "Name": name}
        if _value(body) is None:
            return answer
        return {**answer, "VersionId": self._added(kept, body)["VersionId"]}

    def _put(self, body: Body) -> Body:
        kept = self._living(body)
        return {"ARN": kept.arn, "Name": kept.name, **self._added(kept, body)}

    def _added(self, kept: Kept, body: Body) -> Body:
        token, value = body.get("ClientRequestToken") or str(uuid.uuid4()), _value(body)
        if value is None:
            raise RefusedError(
                "InvalidParameterException", "You must provide either SecretString or SecretBinary."
            )
        before = kept.versions.get(token)
        if before is not None and before.value != value:
            said = f"The version {token} of the secret exists already with another value."
            raise RefusedError("ResourceExistsException", said)
        if before is None:
            version = Version(token, value, time.time())
            kept.put(version, list(body.get("VersionStages") or [CURRENT]))
        found = kept.versions[token]
        return {"VersionId": token, "VersionStages": list(found.stages)}

    def _get(self, body: Body) -> Body:
        kept = self._living(body)
        found = kept.found(body.get("VersionId"), body.get("VersionStage"))
        return {
            "ARN": kept.arn,
            "Name": kept.name,
            "VersionId": found.id,
            "SecretString": found.value,
            "VersionStages": list(found.stages),
            "CreatedDate": found.created,
        }

    def _describe(self, body: Body) -> Body:
        return _shown(self._there(body), "VersionIdsToStages")

    def _list(self, body: Body) -> Body:
        wanted = [
            kept
            for _name, kept in sorted(self.kept.items())
            if (not kept.deleted or body.get("IncludePlannedDeletion"))
            and all(_passes(kept, one) for one in body.get("Filters") or [])
        ]
        start = int(body.get("NextToken") or 0)
        end = start + min(self.page_size, body.get("MaxResults") or 100)
        more = {"NextToken": str(end)} if end < len(wanted) else {}
        shown = [_shown(kept, "SecretVersionsToStages") for kept in wanted[start:end]]
        return {"SecretList": shown, **more}

    def _versions(self, body: Body) -> Body:
        kept = self._living(body)
        shown = [
            {"VersionId": one.id, "VersionStages": list(one.stages), "CreatedDate": one.created}
            for one in kept.versions.values()
            if one.stages or body.get("IncludeDeprecated")
        ]
        return {"Versions": shown, "ARN": kept.arn, "Name": kept.name}

    def _stage(self, body: Body) -> Body:
        kept, stage = self._living(body), body["VersionStage"]
        to, of = body.get("MoveToVersionId"), body.get("RemoveFromVersionId")
        held = kept.in_stage(stage)
        if held and held.id != to and held.id != of:
            said = f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is"
            raise RefusedError(
                "InvalidParameterException", f"{said} currently attached to version {held.id}"
            )
        if not to and stage == CURRENT:
            said = "You can only move staging label AWSCURRENT to a different secret version."
            raise RefusedError("InvalidParameterException", said)
        if to:
            kept.give(stage, kept.found(to, None))
        elif held:
            held.stages.remove(stage)
        return {"ARN": kept.arn, "Name": kept.name}

    def _delete(self, body: Body) -> Body:
        kept = self._living(body)
        moment = time.time()
        if body.get("ForceDeleteWithoutRecovery"):
            del self.kept[kept.name]
        else:
            kept.deleted = moment + 86_400 * body.get("RecoveryWindowInDays", 30)
        return {"ARN": kept.arn, "Name": kept.name, "DeletionDate": kept.deleted or moment}

    def _restore(self, body: Body) -> Body:
        kept = self._there(body)
        kept.deleted = None
        return {"ARN": kept.arn, "Name": kept.name}

    def _tag(self, body: Body) -> Body:
        self._living(body).tags.update(_tags(body))
        return {}

    def _untag(self, body: Body) -> Body:
        kept = self._living(body)
        for key in body["TagKeys"]:
            kept.tags.pop(key, None)
        return {}

    def _there(self, body: Body) -> Kept:
        wanted = body["SecretId"]
        found = [one for one in self.kept.values() if wanted in (one.name, one.arn)]
        if not found:
            said = "Secrets Manager can't find the specified secret."
            raise RefusedError("ResourceNotFoundException", said)
        return found[0]

    def _living(self, body: Body) -> Kept:
        kept = self._there(body)
        if kept.deleted:
            raise RefusedError("InvalidRequestException", _GONE)
        return kept


def _value(body: Body) -> str | None:
    return body.get("SecretString", body.get("SecretBinary"))


def _tags(body: Body) -> dict[str, str]:
    return {one["Key"]: one.get("Value", "") for one in body.get("Tags") or []}


def _passes(kept: Kept, wanted: Body) -> bool:
    values = wanted.get("Values", [])
    texts = {
        "name": [kept.name],
        "tag-key": list(kept.tags),
        "tag-value": list(kept.tags.values()),
        "description": [kept.description],
    }[wanted["Key"]]
    # Names are compared from their beginning, as AWS does, and never as a whole.
    return any(text.startswith(value) for text in texts for value in values)


def _shown(kept: Kept, versions: str) -> Body:
    shown: Body = {
        "ARN": kept.arn,
        "Name": kept.name,
        "CreatedDate": kept.created,
        "Tags": [{"Key": key, "Value": value} for key, value in kept.tags.items()],
        versions: {one.id: list(one.stages) for one in kept.versions.values() if one.stages},
    }
    if kept.description:
        shown["Description"] = kept.description
    return {**shown, "DeletedDate": kept.deleted} if kept.deleted else shown
