"""Refuses prompts that openly try to take the instructions away from the model.

No list of phrases is a defence: whoever wants to gets around this one. It stops what is pasted
without a thought, and it must not stop questions about code or databases.
"""

import re

_OVERRIDES = re.compile(
    r"\b(ignore|disregard|forget|override)\b[^.!?\n]{0,30}"
    r"\b(previous|prior|above|earlier|preceding|system)\b[^.!?\n]{0,30}"
    r"\b(instructions?|prompts?|rules|messages?)\b",
    re.IGNORECASE,
)


def overrides_instructions(prompt: str) -> bool:
    """Whether the prompt asks the model to drop what it was told before."""
    return _OVERRIDES.search(prompt) is not None
