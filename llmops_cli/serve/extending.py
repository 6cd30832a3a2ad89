"""What the routes of a project may ask of the API that they are part of.

A project adds routes with ``[api] routers``. They stand behind the same gate, in the same envelope
and under the same limits as ours; this module is the only one that they should import from us.
"""

from llmops_cli.serve.access.caller import ANONYMOUS, Caller
from llmops_cli.serve.exchange import current

__all__ = ["ANONYMOUS", "Caller", "current_caller", "current_request_id"]


def current_caller() -> Caller:
    """Return who sent the request that is being answered; ``tenant`` is whose data it may see.

    It can be asked in a route, in a dependency of one, and in what they call, synchronous or not.
    An API that asks nobody for a credential is called by ``ANONYMOUS`` only. Raises RuntimeError
    outside of a request.
    """
    exchange = current.get()
    if exchange is None:
        raise RuntimeError("there is no request that is being answered")
    return exchange.caller


def current_request_id() -> str:
    """Return the id of the request that is being answered, as its answer and the log have it.

    Raises RuntimeError outside of a request.
    """
    exchange = current.get()
    if exchange is None:
        raise RuntimeError("there is no request that is being answered")
    return exchange.id
