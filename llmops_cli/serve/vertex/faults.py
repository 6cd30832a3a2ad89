"""Errors as Vertex AI gives them to whoever asked for predictions."""

from http import HTTPStatus

from starlette.responses import JSONResponse

#: Google's names for what went wrong, by the status of HTTP.
_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def refusal(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return an error in the shape that Google's clients read."""
    is_ours = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    name = _NAMES.get(status) or ("INTERNAL" if is_ours else "FAILED_PRECONDITION")
    return JSONResponse(
        {"error": {"code": status, "message": message, "status": name}}, status, headers
    )
