"""A bare route that can be told from the scope, as FastAPI's own routes can."""

from starlette.routing import Match, Route
from starlette.types import Scope


class TemplatedRoute(Route):
    """Leaves itself in the scope, so that a log line can name the template of the path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as any route does."""
        match, child_scope = super().matches(scope)
        return match, {**child_scope, "route": self} if child_scope else child_scope
