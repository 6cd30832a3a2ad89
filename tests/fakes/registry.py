"""A container registry at ``localhost:PORT``, which speaks TLS only."""

import ssl
import threading
from collections.abc import Callable, Mapping
from http.server import ThreadingHTTPServer
from typing import Any, Self

from tests.fakes.registry_contents import Contents
from tests.fakes.registry_pages import Pages


class RegistryServer(ThreadingHTTPServer):
    """A registry with pages of whoever runs it. ``requests`` is what it was asked.

    ``instead`` answers before everything else: it gets method and path, and may give a status.
    """

    contents: Contents
    requests: list[tuple[str, str]]
    instead: Callable[[str, str], int | None]

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext, pages: type[Pages]) -> None:
        super().__init__(("127.0.0.1", 0), pages)
        self._context = context
        self.empty()

    def empty(self) -> None:
        """Forget everything, for the next test."""
        self.contents = Contents()
        self.requests = []
        self.instead = lambda method, path: None

    @property
    def host(self) -> str:
        """As it stands in the name of an image."""
        return f"localhost:{self.server_port}"

    def put_image(self, repository: str, tag: str, labels: Mapping[str, str] | None = None) -> str:
        """Put an image there, and return its digest. ``repository`` is without the host."""
        return self.contents.put_image(repository, tag, labels)

    def why_not_pulled(self, image: str) -> str | None:
        """Return why nobody can pull an image, such as of another registry; None for no reason."""
        host, _, rest = image.partition("/")
        if host != self.host:
            return f"failed to pull image {image}: no such host"
        name, mark, reference = rest.partition("@")
        if not mark:
            name, _, reference = rest.partition(":")
        is_there = self.contents.digest(name, reference)
        return None if is_there else f"failed to pull image {image}: manifest unknown"

    def get_request(self) -> tuple[Any, Any]:
        plain, address = super().get_request()
        # The handshake is made in the thread of the connection: who stalls it stalls nobody else.
        secured = self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        return secured, address

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that do not speak TLS, or trust nobody, go away."""

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop."""
        self.shutdown()
        self.server_close()
