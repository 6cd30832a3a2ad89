"""`GET /openapi.json`: the description of the API, for who has a key."""

import json

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from llmops_cli.serve.routing import TemplatedRoute

PATH = "/openapi.json"


def route(app: FastAPI, release: str, *, is_anonymous: bool) -> TemplatedRoute:
    """Return the route. It describes the routes that ``app`` has when it is first asked."""
    return TemplatedRoute(PATH, _Description(app, release, is_anonymous=is_anonymous).answer)


class _Description:
    def __init__(self, app: FastAPI, release: str, *, is_anonymous: bool) -> None:
        self._app = app
        self._release = release
        self._is_anonymous = is_anonymous
        self._written = b""

    async def answer(self, request: Request) -> Response:
        if not self._written:
            # Not at the top: most releases are never asked, and the generator takes time to load.
            from llmops_cli.serve.openapi.document import published

            document = published(
                self._app.router.routes, self._release, is_anonymous=self._is_anonymous
            )
            self._written = json.dumps(document).encode()
        return Response(self._written, media_type="application/json")
