"""Asks Google once more, with a new token, where it refuses one that was good a moment ago."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any


@dataclass(frozen=True)
class Renewing:
    """A client of Google's. What was refused for its token was not done, and may be sent again.

    ``token`` returns the one that is shown, ``renewed`` another one than that.
    """

    client: Any
    token: Callable[[], str]
    renewed: Callable[[str], str]

    def __getattr__(self, name: str) -> Any:
        """Return what the client has under that name; what is called is called by `_called`."""
        found = getattr(self.client, name)
        return partial(self._called, found) if callable(found) else found

    def _called(self, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        from google.api_core.exceptions import Unauthorized

        shown = self.token()
        try:
            return call(*given, **named)
        except Unauthorized:
            if self.renewed(shown) == shown:
                raise
            return call(*given, **named)
