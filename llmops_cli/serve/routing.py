"""Routes that can be told from the scope, as FastAPI's own routes can, and what a path allows."""

from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.routing import Match, Route, compile_path
from starlette.types import Scope


class TemplatedRoute(Route):
    """Leaves itself in the scope, so that a log line can name the template of the path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as any route does."""
        match, child_scope = super().matches(scope)
        return match, {**child_scope, "route": self} if child_scope else child_scope


def allowed_methods(request: Request) -> str:
    """Return what ``Allow`` says of a path: the methods of all its routes, not of the first one."""
    methods: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        if context.path and compile_path(context.path)[0].match(request.url.path):
            methods |= context.methods or set()
    return ", ".join(sorted(methods))
