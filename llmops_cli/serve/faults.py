"""The bodies of error answers: the OpenAI shape under /v1, ``detail`` everywhere else."""

import json
import logging
import secrets
from dataclasses import replace
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from llmops_cli.serve.clock import timestamp
from llmops_cli.serve.exchange import Exchange
from llmops_cli.serve.models.chat import ChatAnswer, CircuitOpenError, ModelError
from llmops_cli.serve.routing import allowed_methods

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


def report(error: ModelError, exchange: Exchange) -> None:
    """Log a failure of a model, and give the exchange an incident id: ``inc_``, 12 hex digits."""
    exchange.incident_id = new_incident()
    exchange.failure = error.code
    fields = {
        "incident_id": exchange.incident_id,
        "upstream": exchange.upstream,
        "attempts": exchange.attempts,
    }
    _log.error("LLM failed: %s: %s", type(error).__name__, error, extra={"fields": fields})


def model_failure(error: ModelError, exchange: Exchange) -> JSONResponse:
    """Log the failure of a model and return the answer to it in the dialect of the path."""
    report(error, exchange)
    is_openai = exchange.path.startswith("/v1/")
    body = openai_body(error, exchange) if is_openai else own_body(error, exchange)
    return JSONResponse(body, error.status, retry_after(error))


def retry_after(error: ModelError) -> dict[str, str]:
    """Return the header that says when to come back, where that is known."""
    return {} if error.retry_after is None else {"Retry-After": str(error.retry_after)}


def openai_body(error: ModelError, exchange: Exchange) -> dict[str, object]:
    """Return what an answer, or the last event of a stream, says of a failure under /v1."""
    message = f"{error} ({exchange.incident_id})"
    return {
        "error": openai_error_object(error.status, message, code=error.code),
        "incident_id": exchange.incident_id,
        "timestamp": timestamp(),
        **_circuit(error),
    }


def own_body(error: ModelError, exchange: Exchange) -> dict[str, object]:
    """Return what an answer says of a failure outside of /v1."""
    detail = f"LLM failed: {type(error).__name__}"
    more = {} if error.retry_after is None else {"retry_after": error.retry_after}
    body = incident_body(error.title, str(error), exchange.incident_id, detail)
    return {**body, **more, **_circuit(error)}


def _circuit(error: ModelError) -> dict[str, object]:
    return {"circuit_state": "open"} if isinstance(error, CircuitOpenError) else {}


def with_incident(answer: ChatAnswer, exchange: Exchange) -> ChatAnswer:
    """Log that a model refused a request, and add the incident id to the words of the model.

    Any other answer is returned as it is.
    """
    if answer.status < HTTPStatus.BAD_REQUEST:
        return answer
    known = {"incident_id": report_refusal(answer.status, exchange), "timestamp": timestamp()}
    body = json.dumps({**json.loads(answer.body), **known}).encode()
    return replace(answer, body=body)


def report_refusal(status: int, exchange: Exchange) -> str:
    """Log that a request for a model was refused, and return the new incident id."""
    exchange.incident_id = new_incident()
    fields = {"incident_id": exchange.incident_id, "upstream": exchange.upstream}
    _log.warning("LLM request refused with %d", status, extra={"fields": fields})
    return exchange.incident_id


def openai_refusal(
    exchange: Exchange, status: int, message: str, *, code: str | None = None, param: str | None
) -> JSONResponse:
    """Log that a chat was refused, and return the answer, with an incident id, under /v1."""
    incident = report_refusal(status, exchange)
    fault = openai_error_object(status, message, code=code, param=param)
    body = {"error": fault, "incident_id": incident, "timestamp": timestamp()}
    return JSONResponse(body, status)


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


async def left_to_the_envelope(request: Request, error: Exception) -> Response:
    """Keep the framework from answering what nothing expected with words of its own."""
    raise error


async def http_fault(request: Request, error: Exception) -> Response:
    """Answer an HTTPException, such as an unknown route, in the dialect of the path."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = allowed_methods(request)
    if request.url.path.startswith("/v1/"):
        return openai_error(error.status_code, str(error.detail), headers=headers)
    return JSONResponse({"detail": error.detail}, error.status_code, headers)
