"""Values in Secrets Manager: its versions, and the stages that say which one counts."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from llmops_cli.clouds.aws.account import Account
from llmops_cli.clouds.aws.trouble import code_of, said
from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError, PreflightError

CURRENT = "AWSCURRENT"
#: Whatever lies below it is written with this tag, which holds our own name for it.
NAME_TAG = "llmops-name"
#: Begins the stage of a version that was written for a rollout which has not gone well yet.
PROPOSED = "llmops-proposed-"
#: Days for which what was removed can be brought back.
RECOVERY_DAYS = 30
_ABSENT = "ResourceNotFoundException"
_STATE = "Nothing was changed."


class ScheduledError(Exception):
    """A secret was removed, and can be brought back still."""


@dataclass(frozen=True)
class Found:
    """A version of a secret, and its value; ``place`` is the secret's ARN."""

    place: str
    version: str
    value: Secret
    stages: Sequence[str]

    @property
    def is_current(self) -> bool:
        """Whether it counts. The first version is in the stage AWSCURRENT whatever was asked."""
        return CURRENT in self.stages and not is_proposed(self.stages)


def is_proposed(stages: Sequence[str]) -> bool:
    """Whether one of a version's stages says that it does not count yet."""
    return any(stage.startswith(PROPOSED) for stage in stages)


def stage_of(version: str) -> str:
    """Return the stage of a proposed version: a stage is of one version only."""
    return f"{PROPOSED}{version[:8]}"


@contextmanager
def explained(account: Account, doing: str) -> Iterator[Any]:
    """Give the client of Secrets Manager, and turn what it raises into errors that help.

    Raises:
        ScheduledError: the secret was removed.
        AccessError: a right is missing, also one for the key that encrypts.
        PreflightError: all else.
    """
    client = account.client("secretsmanager")
    from botocore.exceptions import ClientError

    with account.told(doing, state=_STATE, failure=PreflightError):
        try:
            yield client
        except ClientError as error:
            code, text = code_of(error), said(error)
            if code == "InvalidRequestException" and "deletion" in text:
                raise ScheduledError from error
            if code in ("DecryptionFailure", "EncryptionFailure") or "KMS" in text:
                raise _key_trouble(doing, text) from error
            raise


def get(account: Account, name: str, doing: str, version: str | None = None) -> Found | None:
    """Return a version, the current one by default; None where there is none."""
    wanted = {"VersionId": version} if version else {}
    try:
        with explained(account, doing) as client:
            answer = _unless(_ABSENT, client.get_secret_value, SecretId=name, **wanted)
    except ScheduledError:
        return None
    if answer is None:
        return None
    value = answer.get("SecretString")
    if value is None:
        value = bytes(answer.get("SecretBinary") or b"").decode("utf-8", "replace")
    stages = tuple(answer.get("VersionStages") or ())
    return Found(answer["ARN"], answer["VersionId"], Secret(value), stages)


def put(account: Account, name: str, ours: str, value: Secret, *, is_proposed: bool) -> Found:
    """Add a version, and return it. A secret that was removed is brought back first.

    The version's id is ours, so that a request that is sent twice adds one version.
    """
    version = str(uuid.uuid4())
    doing = f"store {ours}"
    stages = [stage_of(version)] if is_proposed else [CURRENT]
    asked = {
        "SecretId": name,
        "ClientRequestToken": version,
        "SecretString": value.reveal(),
        "VersionStages": stages,
    }
    try:
        answer = _put(account, doing, asked, ours)
    except ScheduledError:
        with explained(account, f"bring {ours} back") as client:
            client.restore_secret(SecretId=name)
        answer = _put(account, doing, asked, ours)
    return Found(answer["ARN"], answer["VersionId"], value, tuple(answer["VersionStages"]))


def stages(account: Account, name: str, doing: str) -> tuple[str, Mapping[str, Sequence[str]]]:
    """Return a secret's ARN and the stages of its versions; nothing where there is no secret."""
    try:
        with explained(account, doing) as client:
            answer = _unless(_ABSENT, client.describe_secret, SecretId=name)
    except ScheduledError:
        return "", {}
    return (answer["ARN"], answer.get("VersionIdsToStages") or {}) if answer else ("", {})


def _put(account: Account, doing: str, asked: Mapping[str, Any], ours: str) -> Mapping[str, Any]:
    with explained(account, doing) as client:
        answer = _unless(_ABSENT, client.put_secret_value, **asked)
        if answer is None:
            # Without a value: the first one is to be in the stage that we want.
            tags = [{"Key": NAME_TAG, "Value": ours}]
            description = f"{ours}, kept by llmops"
            made = {"Name": asked["SecretId"], "Description": description, "Tags": tags}
            _unless("ResourceExistsException", client.create_secret, **made)
            answer = client.put_secret_value(**asked)
    found: Mapping[str, Any] = answer
    return found


def _unless(code: str, do: Callable[..., Any], **asked: Any) -> Any:
    """Return what AWS answers, or None where it answers with that error."""
    from botocore.exceptions import ClientError

    try:
        return do(**asked)
    except ClientError as error:
        if code_of(error) != code:
            raise
        return None


def _key_trouble(doing: str, evidence: str) -> AccessError:
    return AccessError(
        f"The key of KMS that encrypts the secret does not let you {doing}.",
        evidence=evidence,
        state=_STATE,
        next_step="Allow kms:Decrypt and kms:GenerateDataKey on that key, in its policy and in "
        "yours; or enable the key again, if somebody has disabled it.",
    )
