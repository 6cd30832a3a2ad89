"""Whether Azure's own command line is installed and somebody logged in, without running it."""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path


def missing() -> str:
    """Say what is missing for it to give tokens, or nothing."""
    if shutil.which("az") is None:
        return "there is no program az"
    return "" if _account() else "nobody is logged in with az"


def origin() -> str:
    """Return who is logged in, in words."""
    user = _account().get("user")
    name = user.get("name") if isinstance(user, Mapping) else None
    return f"the Azure CLI, where {name} is logged in" if name else "the Azure CLI"


def _account() -> Mapping[str, object]:
    """Return the account that it uses, as its own file has it; an empty one for nobody."""
    folder = Path(os.environ.get("AZURE_CONFIG_DIR") or Path.home() / ".azure")
    try:
        # It writes a mark of the byte order.
        document = json.loads((folder / "azureProfile.json").read_text(encoding="utf-8-sig"))
        accounts = [each for each in document["subscriptions"] if isinstance(each, dict)]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    default = [account for account in accounts if account.get("isDefault")]
    return next(iter([*default, *accounts]), {})
