"""Where a fake Google Cloud is: one address for all tests of a session, one cloud there at a time.

The address is in a project's file, so in its commits, and these name releases: while it stays the
same, all tests deploy the same releases, and can share the processes that serve them.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tests.fakes import authority
from tests.fakes.call import Reply
from tests.fakes.gcp.answers import unavailable
from tests.fakes.gcp.calls import Rpc
from tests.fakes.gcp.metadata import MetadataServer
from tests.fakes.gcp.onward import Gate
from tests.fakes.gcp.rpc import RpcServer, Written
from tests.fakes.server import Incoming


class Asked(Protocol):
    """Who answers at an address."""

    def asked(self, request: Incoming) -> Reply:
        """Answer a request of HTTP."""
        ...

    def called(self, rpc: Rpc, request: Written, metadata: Mapping[str, str]) -> Reply:
        """Answer a call of gRPC."""
        ...

    def machine_token(self) -> str:
        """Return a token of the account that a machine runs as."""
        ...


class Address:
    """An HTTPS and a gRPC server with a throw-away authority."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="llmops-gcp-")
        folder = Path(self._folder.name)
        self.trust = authority.make(folder)
        self.folder = folder
        self._whom: Asked = _Nobody()
        self._gate = Gate(self.trust.context, self._asked)
        self._rpc = RpcServer(folder / "server.pem", self._called)
        self._metadata = MetadataServer(self._machine_token)
        self.metadata_host = self._metadata.host
        self.url = f"https://localhost:{self._gate.server_port}"
        self.rpc_host = self._rpc.host
        self.calls = self._rpc.calls

    def take(self, whom: Asked) -> Asked:
        """Let someone else answer, and return who did until now. Connections are dropped."""
        before, self._whom = self._whom, whom
        self._gate.drop()
        return before

    def close(self) -> None:
        """Stop."""
        self._gate.close()
        self._rpc.close()
        self._metadata.close()
        self._folder.cleanup()

    def _asked(self, request: Incoming) -> Reply:
        return self._whom.asked(request)

    def _called(self, rpc: Rpc, request: Written, metadata: Mapping[str, str]) -> Reply:
        return self._whom.called(rpc, request, metadata)

    def _machine_token(self) -> str:
        return self._whom.machine_token()


class _Nobody:
    def asked(self, request: Incoming) -> Reply:
        return unavailable("No cloud is here.")

    def called(self, rpc: Rpc, request: Written, metadata: Mapping[str, str]) -> Reply:
        return unavailable("No cloud is here.")

    def machine_token(self) -> str:
        return ""
