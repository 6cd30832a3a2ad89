"""The looks that `llmops doctor` takes at an account of AWS."""

from llmops_cli.clouds.aws.account import Account
from llmops_cli.core.diagnosis import Probe


def probes(account: Account, project: str) -> list[Probe]:
    """Return the looks at what a target on AWS needs."""
    raise NotImplementedError
