"""What Terraform says while it works, line by line (`-json`), in our words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.core.infrastructure import Tell

_DOING = {
    "create": "creating",
    "update": "changing",
    "delete": "destroying",
    "replace": "replacing",
    "read": "reading",
}
_DONE = {
    "create": "created",
    "update": "changed",
    "delete": "destroyed",
    "replace": "replaced",
    "read": "read",
}


@dataclass(frozen=True)
class Diagnostic:
    """An error that Terraform told; ``address`` is the resource, where it is about one."""

    summary: str
    detail: str = ""
    address: str = ""

    @property
    def text(self) -> str:
        """The error in one paragraph."""
        about = f"{self.address}: " if self.address else ""
        return f"{about}{self.summary}\n{self.detail}".strip()


@dataclass
class Stream:
    """Takes the lines of one run: tells the operator, and keeps what a report needs."""

    tell: Tell
    begun: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    def take(self, line: str) -> None:
        """Take a line. One that is not JSON is kept for the report of a failure."""
        message = _parsed(line)
        if message is None:
            self.other.append(line)
        elif message.get("type") == "diagnostic":
            self._diagnose(message.get("diagnostic", {}))
        elif "hook" in message:
            self._hook(message["type"], message["hook"])

    def _diagnose(self, told: Mapping[str, Any]) -> None:
        if told.get("severity") == "error":
            found = Diagnostic(
                str(told.get("summary", "")), str(told.get("detail", "")), str(_address(told))
            )
            self.diagnostics.append(found)

    def _hook(self, kind: str, hook: Mapping[str, Any]) -> None:
        address = hook.get("resource", {}).get("addr", "")
        action, seconds = hook.get("action", ""), hook.get("elapsed_seconds", 0)
        if kind == "apply_start":
            self.begun.append(address)
            self.tell(f"{address}: {_DOING.get(action, action)}")
        elif kind == "apply_progress":
            self.tell(f"{address}: {_DOING.get(action, action)}, {seconds:g} s")
        elif kind == "apply_complete":
            self.done.append(address)
            self.tell(f"{address}: {_DONE.get(action, action)} in {seconds:g} s")
        elif kind == "apply_errored":
            self.tell(f"{address}: failed after {seconds:g} s")
        elif kind == "refresh_start":
            self.tell(f"{address}: looking")


def told(diagnostics: Sequence[Diagnostic], other: Sequence[str]) -> str:
    """Return what went wrong, for the evidence of an error."""
    if diagnostics:
        return "\n".join(dict.fromkeys(diagnostic.text for diagnostic in diagnostics))
    return "\n".join(other[-20:]).strip()


def _parsed(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def _address(told: Mapping[str, Any]) -> str:
    return told.get("address") or ""
