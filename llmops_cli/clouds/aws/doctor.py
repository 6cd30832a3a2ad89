"""The looks that `llmops doctor` takes at an account of AWS."""

import importlib.metadata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from llmops_cli.clouds.aws import doctor_places as places
from llmops_cli.clouds.aws.account import INSTALL, Account, require_packages
from llmops_cli.clouds.clock import judged
from llmops_cli.core.diagnosis import Diagnosis, Probe, ok, problem
from llmops_cli.errors import AccessError, PreflightError

_PACKAGES, _WHO, _CLOCK = "aws packages", "aws credentials", "aws clock"
#: Clients wait longer for AWS than anybody wants to wait here.
_SECONDS = 25.0


def probes(account: Account, project: str, repository: str | None = None) -> list[Probe]:
    """Return the looks at what a target on AWS needs; ``repository`` is that of its images."""

    def place(subject: str, look: Callable[[], Sequence[Diagnosis]]) -> Probe:
        return Probe(subject, lambda: _of_somebody(account, look), _SECONDS)

    found = [
        Probe(_PACKAGES, _packages, _SECONDS),
        Probe(_WHO, lambda: _who(account), _SECONDS),
        place(_CLOCK, lambda: _clock(account)),
        place(places.SERVICE, lambda: places.service(account, project)),
        place(places.BUCKET, lambda: places.bucket(account)),
    ]
    if repository is not None:
        found.append(place(places.REGISTRY, lambda: places.registry(account, repository)))
    return found


def _packages() -> Sequence[Diagnosis]:
    try:
        require_packages()
    except PreflightError as error:
        return [problem(_PACKAGES, f"{error.message} {error.evidence}", INSTALL)]
    version = importlib.metadata.version("boto3")
    return [ok(_PACKAGES, f"the extra `aws` is installed, boto3 {version}")]


def _who(account: Account) -> Sequence[Diagnosis]:
    try:
        require_packages()
        return [ok(_WHO, f"{account.origin}, in {account.region}")]
    except AccessError as error:
        return [problem(_WHO, f"{error.message} ({error.evidence})", error.next_step)]
    except PreflightError as error:
        if error.next_step == INSTALL:
            return []  # The look at the packages says so.
        return [problem(_WHO, error.message, error.next_step)]


def _of_somebody(account: Account, look: Callable[[], Sequence[Diagnosis]]) -> Sequence[Diagnosis]:
    """Look only where we are somebody to AWS; the look at the credentials tells if not."""
    try:
        _ = account.identity
    except (AccessError, PreflightError):
        return []
    return look()


def _clock(account: Account) -> Sequence[Diagnosis]:
    with account.told("tell the time", failure=PreflightError):
        answer = account.client("sts").get_caller_identity()
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date", "")
    return [judged(_CLOCK, date, datetime.now(UTC), "AWS")]
