"""The looks that `llmops doctor` takes at an account of Google Cloud."""

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.core.diagnosis import Probe


def probes(account: Account, project: str) -> list[Probe]:
    """Return the looks at what a target on Google Cloud needs."""
    raise NotImplementedError
