"""Refusals as Google words them, for JSON and gRPC alike."""

from collections.abc import Sequence
from typing import Any

from tests.fakes.call import Reply

#: Canonical codes: their numbers in gRPC, and the statuses of HTTP that stand for them.
CODES = {
    "CANCELLED": (1, 499),
    "UNKNOWN": (2, 500),
    "INVALID_ARGUMENT": (3, 400),
    "DEADLINE_EXCEEDED": (4, 504),
    "NOT_FOUND": (5, 404),
    "ALREADY_EXISTS": (6, 409),
    "PERMISSION_DENIED": (7, 403),
    "RESOURCE_EXHAUSTED": (8, 429),
    "FAILED_PRECONDITION": (9, 400),
    "ABORTED": (10, 409),
    "UNIMPLEMENTED": (12, 501),
    "INTERNAL": (13, 500),
    "UNAVAILABLE": (14, 503),
    "UNAUTHENTICATED": (16, 401),
}
_TYPE = "type.googleapis.com/google.rpc."


def refused(code: str, message: str, details: Sequence[dict[str, Any]] = ()) -> Reply:
    """Return an error with a canonical code, and details that are packed messages."""
    error: dict[str, Any] = {"code": CODES[code][1], "message": message, "status": code}
    if details:
        error["details"] = list(details)
    return Reply(CODES[code][1], {"error": error})


def not_found(what: str) -> Reply:
    """Return that a resource is not there."""
    return refused("NOT_FOUND", f"{what} was not found.")


def invalid(message: str) -> Reply:
    """Return that a request makes no sense."""
    return refused("INVALID_ARGUMENT", message)


def precondition(message: str) -> Reply:
    """Return that the state of things does not let this happen."""
    return refused("FAILED_PRECONDITION", message)


def aborted(message: str) -> Reply:
    """Return that somebody else changed it first."""
    return refused("ABORTED", message)


def unavailable(message: str = "The service is currently unavailable.") -> Reply:
    """Return that the service has a bad moment."""
    return refused("UNAVAILABLE", message)


def denied(permission: str, resource: str = "") -> Reply:
    """Return that the caller has not got a permission; it and its kind are named in details."""
    service = permission.partition(".")[0] + ".googleapis.com"
    where = f" on resource '//{service}/{resource}'" if resource else ""
    info = {
        "@type": _TYPE + "ErrorInfo",
        "reason": "IAM_PERMISSION_DENIED",
        "domain": service,
        "metadata": {"permission": permission, "resource": resource},
    }
    said = f"Permission '{permission}' denied{where} (or it may not exist)."
    return refused("PERMISSION_DENIED", said, [info])


def throttled(seconds: str = "0.01s", metric: str = "requests per minute") -> Reply:
    """Return that too much was asked in a minute, and when to come again."""
    violation = {"subject": "project:demo-project", "description": f"Quota exceeded for {metric}"}
    details = [
        {"@type": _TYPE + "RetryInfo", "retryDelay": seconds},
        {"@type": _TYPE + "QuotaFailure", "violations": [violation]},
    ]
    return refused("RESOURCE_EXHAUSTED", f"Quota exceeded for quota metric '{metric}'.", details)


def out_of_quota(metric: str) -> Reply:
    """Return that the project may not have that many machines."""
    said = f"The following quota metrics exceed quota limits: {metric}"
    return refused("RESOURCE_EXHAUSTED", said)


def unauthenticated(message: str, reason: str = "ACCESS_TOKEN_EXPIRED") -> Reply:
    """Return that the token is no good."""
    info = {
        "@type": _TYPE + "ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": "aiplatform.googleapis.com"},
    }
    said = f"Request had invalid authentication credentials. {message}"
    reply = refused("UNAUTHENTICATED", said, [info])
    return Reply(
        401, reply.body, {"WWW-Authenticate": 'Bearer realm="https://accounts.google.com/"'}
    )


def storage_error(status: int, reason: str, message: str) -> Reply:
    """Return an error as Cloud Storage words them."""
    one = {"message": message, "domain": "global", "reason": reason}
    return Reply(status, {"error": {"code": status, "message": message, "errors": [one]}})
