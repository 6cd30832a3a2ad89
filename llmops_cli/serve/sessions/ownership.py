"""Whose session a request asks for: the tenant of its caller, and the id in its path."""

from starlette.types import Scope

from llmops_cli.serve import exchange
from llmops_cli.serve.sessions.session import SessionKey


def tenant() -> str:
    """Return the tenant of the caller whose request is being answered."""
    current = exchange.current.get()
    assert current is not None, "the envelope is around this"
    return current.caller.tenant


def key_of(scope: Scope) -> SessionKey:
    """Return the key of the session in the path. Of another tenant, nothing is found under it."""
    return SessionKey(tenant(), scope["path_params"]["session_id"])
