"""What a rule found in a text: which rule, and where. Never the value."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """``start`` is the position in the text that was looked at.

    ``is_value`` tells that ``what`` is the name of a secret, whose value it is.
    """

    what: str
    start: int
    is_value: bool = False
