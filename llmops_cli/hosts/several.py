"""The hosts of a target: the same question to all of them at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmops_cli.hosts.layout import HostLayout
from llmops_cli.hosts.session import Session


@dataclass(frozen=True)
class Hosts:
    """Hosts by name, as the project lists them, in its order. Opens sessions when first asked."""

    names: Sequence[str]
    layout: HostLayout
    may_fail: int = 0

    def session(self, host: str) -> Session:
        """Return the open session of a host, or open one."""
        raise NotImplementedError

    def each(
        self, do: Callable[[str, Session], Any], among: Sequence[str] | None = None
    ) -> Mapping[str, Any]:
        """Do the same at all hosts (or those ``among`` them) at once; return answers by host.

        Raises:
            LlmopsError: at some it failed; all have ended by then, and each that failed is told.
        """
        raise NotImplementedError

    def close(self) -> None:
        """End all sessions."""
        raise NotImplementedError
