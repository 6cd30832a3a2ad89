"""Who holds a lock: as it is written into the lock, and as it is told to who finds it taken."""

import json
from datetime import datetime

from llmops_cli.core.target import Holder


def written(holder: Holder) -> str:
    """Return a holder as one line of JSON."""
    document = {
        "owner": holder.owner,
        "command": holder.command,
        "since": holder.since.isoformat(),
        "process": holder.process,
        "host": holder.host,
    }
    return json.dumps(document)


def told(text: str, now: datetime) -> str:
    """Return in words what `written` wrote; nothing where the text is not that, or not yet."""
    try:
        found = json.loads(text)
        age = (now - datetime.fromisoformat(found["since"])).total_seconds()
        return (
            f"{found['owner']} runs `{found['command']}` (process {found['process']} on "
            f"{found['host']}) since {found['since']}, for {age:.0f} s"
        )
    except (ValueError, KeyError, TypeError):
        return ""
