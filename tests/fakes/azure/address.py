"""Where a fake Azure is: one address for all tests of a session, one cloud there at a time.

The address is in a project's file, so in its commits, and these name releases: while it stays the
same, all tests deploy the same releases, and can share the processes that serve them.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.fakes import authority
from tests.fakes.call import Reply
from tests.fakes.server import HttpsServer, Incoming


class Address:
    """An HTTPS server with a throw-away authority; ``asked`` is who answers."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="llmops-azure-")
        self.trust = authority.make(Path(self._folder.name))
        self.asked: Callable[[Incoming], Reply] = _nobody
        self._server = HttpsServer(self.trust.context, self._answer)
        self.url = f"https://127.0.0.1:{self._server.server_port}"

    def _answer(self, request: Incoming) -> Reply:
        return self.asked(request)

    def take(self, asked: Callable[[Incoming], Reply]) -> Callable[[Incoming], Reply]:
        """Let someone else answer, and return who did until now. Connections are dropped."""
        before, self.asked = self.asked, asked
        self._server.drop()
        return before

    def close(self) -> None:
        """Stop."""
        self._server.close()
        self._folder.cleanup()


def _nobody(request: Incoming) -> Reply:
    return Reply(503, "No cloud is here.")
