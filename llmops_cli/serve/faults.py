"""The bodies of error answers: the OpenAI shape under /v1, ``detail`` everywhere else."""

import logging
import secrets
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from llmops_cli.serve.clock import timestamp
from llmops_cli.serve.exchange import Exchange
from llmops_cli.serve.models.chat import ModelError

_log = logging.getLogger("llmops.serve")

_OPENAI_TYPES = {401: "authentication_error", 429: "rate_limit_error"}


def openai_error(
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Return an error as the OpenAI API gives it."""
    body = {"error": openai_error_object(status, message, code=code, param=param)}
    return JSONResponse(body, status, headers)


def openai_error_object(
    status: int, message: str, *, code: str | None = None, param: str | None = None
) -> dict[str, str | None]:
    """Return what stands under ``error`` in an answer, or in an event of a stream."""
    fallback = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else None
    kind = _OPENAI_TYPES.get(status) or fallback or "invalid_request_error"
    return {"message": message, "type": kind, "param": param, "code": code}


def report(error: ModelError, *, owner: str) -> str:
    """Log a failure of a model and return its incident id, ``inc_`` and 12 hex digits."""
    incident = new_incident()
    _log.error(
        "LLM failed: %s: %s",
        type(error).__name__,
        error,
        extra={"fields": {"incident_id": incident, "upstream": owner}},
    )
    return incident


def new_incident() -> str:
    """Return a name under which a client's report and a log line find each other."""
    return f"inc_{secrets.token_hex(6)}"


def incident_body(error: str, message: str, incident: str, detail: str) -> dict[str, str]:
    """Return the body of a 5xx outside of /v1. ``detail`` is where FastAPI's clients look."""
    return {
        "error": error,
        "message": message,
        "incident_id": incident,
        "timestamp": timestamp(),
        "detail": detail,
    }


def unexpected(exchange: Exchange) -> JSONResponse:
    """Log the exception that is being handled and return the 500 that tells nothing of it."""
    incident = exchange.incident_id = new_incident()
    _log.exception("Unexpected error", extra={"fields": {"incident_id": incident}})
    message = f"Internal server error ({incident})"
    if exchange.path.startswith("/v1/"):
        return openai_error(500, message, code="internal_error")
    detail = "Internal Server Error"
    return JSONResponse(incident_body("InternalServerError", message, incident, detail), 500)


async def http_fault(request: Request, error: Exception) -> Response:
    """Answer an HTTPException, such as an unknown route, in the dialect of the path."""
    assert isinstance(error, HTTPException)
    if request.url.path.startswith("/v1/"):
        headers = dict(error.headers or {})
        return openai_error(error.status_code, str(error.detail), headers=headers)
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
