"""The packages of the extra `docker`, which targets with containers need and others do not."""

import importlib.util

from llmops_cli.errors import PreflightError

_MODULES = ("python_on_whales", "ahocorasick_rs", "kingfisher_sdk", "yaml")
INSTALL = "pip install 'llmops-cli[docker]'"


def missing_packages() -> list[str]:
    """Return the modules of the extra that are not installed. Loads none of them."""
    return [name for name in _MODULES if importlib.util.find_spec(name) is None]


def require_packages() -> None:
    """Make sure that the extra is installed.

    Raises:
        PreflightError: it is not, or a part of it is not.
    """
    missing = missing_packages()
    if missing:
        raise PreflightError(
            "The packages that targets with containers need are not installed.",
            evidence=f"There is no {', '.join(missing)}.",
            state="Nothing was changed.",
            next_step=INSTALL,
        )
