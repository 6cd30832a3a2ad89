"""The environment of a release's container: settings and the files of secrets, never a value."""

from collections.abc import Iterable, Sequence

from llmops_cli import __version__
from llmops_cli.core.release import Release

#: The folder of the API's data, and that of the secrets: one folder a secret, with one file.
DATA_FOLDER = "/data"
SECRET_FOLDER = "/run/secrets"  # noqa: S105 - a folder
_TRUSTED = "LLMOPS_TRUSTED_PROXIES"


def environment_of(
    release: Release, secrets: Iterable[str], subnets: Sequence[str]
) -> dict[str, str]:
    """Return the environment; ``subnets`` are the stack's own, where the gateway is, ``secrets``
    the names of those that the container mounts.

    The gateway is believed when it says who asks, besides the proxies that the project believes.
    """
    believed = [release.settings.get(_TRUSTED, ""), *subnets]
    secret_files = {f"{name}_FILE": f"{SECRET_FOLDER}/{name}/value" for name in secrets}
    return {
        "LLMOPS_RELEASE": release.id,
        "LLMOPS_COMMIT": release.commit,
        "LLMOPS_VERSION": __version__,
        "LLMOPS_DATA_DIR": DATA_FOLDER,
        **release.settings,
        _TRUSTED: ",".join(part for part in believed if part),
        **secret_files,
    }


def drain_seconds_of(release: Release) -> float:
    """Return how many seconds a container of the release may take to finish what it does."""
    return float(release.settings.get("LLMOPS_DRAIN_SECONDS", "30")) + float(
        release.settings.get("LLMOPS_LINGER_SECONDS", "0")
    )
