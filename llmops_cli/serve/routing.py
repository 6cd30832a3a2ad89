"""Routes that can be told from the scope, as FastAPI's own routes can, and what a path allows."""

from collections.abc import Callable, Iterable

from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.routing import BaseRoute, Match, Route, compile_path
from starlette.types import Scope


class TemplatedRoute(Route):
    """Leaves itself in the scope, so that a log line can name the template of the path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as any route does."""
        match, child_scope = super().matches(scope)
        return match, {**child_scope, "route": self} if child_scope else child_scope


def templates_of(routes: Iterable[BaseRoute]) -> Callable[[str], str]:
    """Return what finds the template of a path, or "" where no route has it.

    It is for requests that were refused before they came to the routes.
    """
    known = [
        (compile_path(context.path)[0], context.path)
        for context in iter_route_contexts(list(routes))
        if context.path
    ]

    def template_of(path: str) -> str:
        return next((template for pattern, template in known if pattern.match(path)), "")

    return template_of


def allowed_methods(request: Request) -> str:
    """Return what ``Allow`` says of a path: the methods of all its routes, not of the first one."""
    methods: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        if context.path and compile_path(context.path)[0].match(request.url.path):
            methods |= context.methods or set()
    return ", ".join(sorted(methods))
