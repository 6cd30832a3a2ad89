"""The infrastructure of a target on Google Cloud: Terraform, with its state in a bucket there."""

from pathlib import Path

from llmops_cli.config.gcp import GcpTarget
from llmops_cli.core.infrastructure import Infrastructure


def make(target: str, settings: GcpTarget, folder: Path, place: str) -> Infrastructure:
    """Return what makes the infrastructure of a target, described in ``folder``.

    Raises:
        PreflightError: the target does not say where.
    """
    raise NotImplementedError
