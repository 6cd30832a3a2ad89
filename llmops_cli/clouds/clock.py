"""Whether the clock of this machine goes as a cloud's does: what proves who we are has a time."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from llmops_cli.core.diagnosis import Diagnosis, ok, problem, warning

#: Seconds of difference: from the first on somebody should look, beyond the second we are refused.
_NOTABLE, _TOO_MUCH = 60.0, 300.0
_FIX = "Set the clock: timedatectl set-ntp true"


def judged(subject: str, date: str, now: datetime, cloud: str) -> Diagnosis:
    """Return what a ``Date`` header of a cloud says of the clock by which it is ``now``."""
    try:
        difference = (now - parsedate_to_datetime(date)).total_seconds()
    except (ValueError, TypeError):
        return warning(subject, f"{cloud} does not say what time it is", "Look at date -u.")
    size = abs(difference)
    way = "fast" if difference > 0 else "slow"
    text = f"this machine's clock is {size:.0f} s {way} by that of {cloud}"
    if size > _TOO_MUCH:
        return problem(subject, f"{text}; what it asks will be refused", _FIX)
    return warning(subject, text, _FIX) if size > _NOTABLE else ok(subject, f"as {cloud}'s")
