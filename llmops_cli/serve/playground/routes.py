"""The playground: a page at ``/`` that talks to this API with the visitor's own key.

The page needs no key, because it holds nothing that is secret; whatever it asks of the API does.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from llmops_cli.serve.routing import TemplatedRoute

#: Every file of the page, and the path that it has. No folder is served, only these.
_FILES: Mapping[str, str] = {
    "/": "index.html",
    "/playground/style.css": "style.css",
    "/playground/chat.css": "chat.css",
    "/playground/icon.svg": "icon.svg",
    "/playground/main.js": "main.js",
    "/playground/connection.js": "connection.js",
    "/playground/conversation.js": "conversation.js",
    "/playground/answer.js": "answer.js",
    "/playground/events.js": "events.js",
    "/playground/faults.js": "faults.js",
}

#: What needs no key.
OPEN_PATHS = frozenset(_FILES)

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}

#: Nothing but these files runs or shows, and nothing can be sent elsewhere: should a model ever
#: get a script or an image into the page, the browser would not run or fetch it.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Kept, but asked for again each time: another release may have another page.
    "Cache-Control": "no-cache",
}


def routes(*, asks_for_key: bool) -> list[TemplatedRoute]:
    """Return the routes of the page, which are all to be open.

    ``asks_for_key`` tells the page whether to ask its visitor for a key before anything else.
    """
    asks = "true" if asks_for_key else "false"
    return [TemplatedRoute(path, _File.read(name, asks).answer) for path, name in _FILES.items()]


@dataclass(frozen=True)
class _File:
    content: bytes
    headers: Mapping[str, str]

    @classmethod
    def read(cls, name: str, asks: str) -> "_File":
        text = (resources.files(__package__) / "page" / name).read_text(encoding="utf-8")
        content = text.replace("{{asks-for-key}}", asks).encode()
        headers = {
            **_HEADERS,
            "Content-Type": _TYPES[name.rpartition(".")[2]],
            "ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        }
        return cls(content, headers)

    async def answer(self, request: Request) -> Any:
        if self.headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=self.headers)
        return Response(self.content, headers=self.headers)
