"""What a rule found in a text: which rule, and where. Never the value."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """``start`` is the position in the text that was looked at."""

    what: str
    start: int
