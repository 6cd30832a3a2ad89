"""What moto does well of AWS: it answers inside of this process, without a server of its own."""

import io
from typing import Any

from tests.fakes.call import Reply
from tests.fakes.server import Incoming


class Moto:
    """All of moto's services; loaded when first asked, since that takes a second or two."""

    def __init__(self) -> None:
        self._application: Any = None

    def answer(self, asked: Incoming) -> Reply:
        """Answer a request."""
        if self._application is None:
            from moto.server import DomainDispatcherApplication, create_backend_app

            self._application = DomainDispatcherApplication(create_backend_app)
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], error: object = None) -> None:
            started.append((status, headers))

        content = b"".join(self._application(_environment(asked), start))
        status, headers = started[-1]
        kept = {name: text for name, text in headers if name.lower() != "connection"}
        return Reply(int(status.split()[0]), content or None, kept)

    def reset(self) -> None:
        """Forget everything."""
        if self._application is not None:
            self.answer(Incoming("POST", "/moto-api/reset", "", {"Host": "localhost"}, b""))


def _environment(asked: Incoming) -> dict[str, Any]:
    found: dict[str, Any] = {
        "REQUEST_METHOD": asked.method,
        "PATH_INFO": asked.path,
        "RAW_URI": asked.path + (f"?{asked.raw_query}" if asked.raw_query else ""),
        "QUERY_STRING": asked.raw_query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "443",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(asked.content)),
        "CONTENT_TYPE": asked.headers.get("Content-Type", ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(asked.content),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, text in asked.headers.items():
        if name.lower() not in ("content-type", "content-length", "transfer-encoding"):
            found["HTTP_" + name.upper().replace("-", "_")] = text
    return found
