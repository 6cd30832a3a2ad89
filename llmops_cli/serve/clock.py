"""The time of day as every part of the served API writes it."""

from datetime import UTC, datetime


def timestamp() -> str:
    """Return now in UTC, as ISO 8601 to the millisecond with a Z at the end."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
