"""What the demo model says: it knows nothing but the conversation that it is given."""

import re
from collections.abc import Sequence

#: Begins every answer, so that nobody takes the demo for a language model.
SIGNATURE = "I am the llmops demo model."

_NAME = re.compile(r"\b(?:my name is|i am called|call me)\s+([\w'-]{1,60})", re.IGNORECASE)
_FACT = re.compile(
    r"\b(?:my|our|the)\s+([a-z][a-z -]{0,40}?)\s+(?:is|are)\s+([^.!?\n]{1,200})", re.IGNORECASE
)
_NOTE = re.compile(r"\bremember\s+(?:that\s+)?([^.!?\n]{1,200})", re.IGNORECASE)
_QUESTION = re.compile(
    r"\bwh(?:at|o|ere)(?:'s|\s+is|\s+are|\s+was)\s+(?:my|our|the)\s+([a-z][a-z -]{0,40})",
    re.IGNORECASE,
)
_RECALL = re.compile(r"\bremember\b[^?\n]{0,200}\?", re.IGNORECASE)
_LONGEST_ECHO = 80
#: Characters of a message that are read; a long one must not keep the event loop busy.
_LONGEST_READ = 4000


def reply(said: Sequence[str], message_count: int) -> str:
    """Answer the last of the user's messages ``said``, from all of them.

    ``message_count`` is how many messages, of any role, the model was given.
    """
    said = [text[:_LONGEST_READ] for text in said]
    question = said[-1] if said else ""
    answer = _recalled(question, said) or _noted(question)
    return f"{SIGNATURE} {answer or _counted(question, message_count)}"


def _recalled(question: str, said: Sequence[str]) -> str:
    asked = _QUESTION.search(question)
    if asked:
        thing = asked[1].strip().lower()
        value = _facts(said).get(thing)
        return f"Your {thing} is {value}." if value else f"You have not told me your {thing}."
    if _RECALL.search(question):
        notes = _notes(said)
        return f"You asked me to remember: {'; '.join(notes)}." if notes else ""
    return ""


def _facts(said: Sequence[str]) -> dict[str, str]:
    """Return what was told about each thing; what was told last counts."""
    facts: dict[str, str] = {}
    for text in said:
        facts |= {thing.lower(): value.strip() for thing, value in _FACT.findall(text)}
        facts |= [("name", name) for name in _NAME.findall(text)]
    return facts


def _notes(said: Sequence[str]) -> list[str]:
    return [
        note.strip() for text in said if not _RECALL.search(text) for note in _NOTE.findall(text)
    ]


def _noted(statement: str) -> str:
    facts = _facts([statement])
    if facts:
        thing, value = next(reversed(facts.items()))
        return f"I will remember that your {thing} is {value}."
    notes = _notes([statement])
    return f"I will remember: {notes[-1]}." if notes else ""


def _counted(question: str, message_count: int) -> str:
    echo = question.strip()[:_LONGEST_ECHO]
    return f'You have given me {message_count} message(s); the last one says: "{echo}"'
