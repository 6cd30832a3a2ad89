"""Finds the tokens that an answer reports, without parsing the answer."""

import json
import re
from dataclasses import dataclass

# In the text of an answer the quotes would be escaped, so these names can only be keys.
_PROMPT = re.compile(rb'"prompt_tokens"\s*:\s*(\d{1,12})')
_COMPLETION = re.compile(rb'"completion_tokens"\s*:\s*(\d{1,12})')
_KEY = b'"usage"'
_REPORT = re.compile(rb'"usage"\s*:\s*\{')
_EVENT_END = re.compile(rb"\r?\n\r?\n")
_DATA = b"data:"
#: Bytes of one event that are held back at most.
_LARGEST_EVENT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of a prompt and of its answer; None for what is not reported."""

    prompt_tokens: int | None
    completion_tokens: int | None


def find(answer: bytes) -> Usage | None:
    """Return what an answer, or an event of a stream, reports; None when it reports nothing."""
    start = answer.rfind(_KEY)
    if start < 0:
        return None
    prompt = _PROMPT.search(answer, start)
    completion = _COMPLETION.search(answer, start)
    if prompt is None and completion is None:
        return None
    return Usage(_count(prompt), _count(completion))


def _count(match: re.Match[bytes] | None) -> int | None:
    return int(match[1]) if match else None


class StreamUsage:
    """Watches a stream of events for the one that reports the usage.

    With ``hides`` the report was asked for by us and not by the caller: its event is taken out of
    the stream. An event that has only come in part is then held back until it is whole.
    """

    def __init__(self, *, hides: bool) -> None:
        self.usage: Usage | None = None
        self._hides = hides
        self._held = b""

    def passed(self, chunk: bytes) -> bytes:
        """Return what goes to the caller of what came."""
        if not self._hides:
            self._watch(chunk)
            return chunk
        if self._held or not chunk.endswith(b"\n\n"):
            chunk = self._whole_events(self._held + chunk)
        if _KEY in chunk and _REPORT.search(chunk):
            self.usage = find(chunk) or self.usage
            return b"".join(event for event in _events(chunk) if not _is_report(event))
        return chunk

    def last(self) -> bytes:
        """Return what is still held back when the stream is over."""
        held, self._held = self._held, b""
        return held if self._hides else b""

    def _watch(self, chunk: bytes) -> None:
        data = self._held + chunk if self._held else chunk
        if _KEY in data and _REPORT.search(data):
            self.usage = find(data) or self.usage
        # A report that comes in two pieces is found when the second one is here.
        self._held = b"" if data.endswith(b"\n\n") else data[-1024:]

    def _whole_events(self, data: bytes) -> bytes:
        end = 0
        for match in _EVENT_END.finditer(data):
            end = match.end()
        if len(data) - end > _LARGEST_EVENT:
            end = len(data)
        self._held = data[end:]
        return data[:end]


def _events(data: bytes) -> list[bytes]:
    events, start = [], 0
    for match in _EVENT_END.finditer(data):
        events.append(data[start : match.end()])
        start = match.end()
    return [*events, data[start:]]


def _is_report(event: bytes) -> bool:
    """Whether an event holds the usage and nothing else."""
    text = event.strip()
    if not text.startswith(_DATA):
        return False
    try:
        chunk = json.loads(text[len(_DATA) :])
    except ValueError:
        return False
    return isinstance(chunk, dict) and chunk.get("choices") == [] and bool(chunk.get("usage"))
