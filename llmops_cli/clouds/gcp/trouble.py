"""What the clients of Google raise, in our words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llmops_cli.clouds.gcp.roles import role_for
from llmops_cli.errors import AccessError, DeployError, LlmopsError, PreflightError

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError

_TOKENS = re.compile(r"(?i)(bearer\s+)[\w.~+/=-]+|\bya29\.[\w.-]+")
#: A permission that an error names.
PERMISSION = re.compile(r"[Pp]ermission[^'\"]{0,40}['\"]?\b([a-z][A-Za-z]+(?:\.[A-Za-z]+){2,})\b")
#: How gRPC tells that no token could be had for a request; it calls that "unavailable".
_TOKENLESS = "Getting metadata from plugin failed"


@dataclass(frozen=True)
class Attempt:
    """What was tried: words that complete "Google refused to …", by whom, and what is like it was.

    ``remedy`` is what renews a credential.
    """

    doing: str
    state: str = ""
    failure: type[LlmopsError] = DeployError
    who: str = ""
    remedy: str = ""


@contextmanager
def told(attempt: Attempt) -> Iterator[None]:
    """Turn what Google's clients raise inside into errors that an operator can act on.

    A refused credential or a missing permission becomes an AccessError, which says who was refused;
    a service that is switched off a PreflightError; all else a failure of the attempt's kind.
    """
    from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError, RetryError
    from google.auth.exceptions import GoogleAuthError, TransportError

    try:
        yield
    except TransportError as error:
        raise _failed(attempt, "could not be reached to", error) from error
    except GoogleAuthError as error:
        raise _unknown(attempt, error) from error
    except RetryError as error:
        if not isinstance(error.cause, GoogleAPICallError):
            raise _failed(attempt, "did not", error) from error
        raise _answered(attempt, error.cause) from error
    except GoogleAPICallError as error:
        raise _answered(attempt, error) from error
    except GoogleAPIError as error:
        raise _failed(attempt, "did not", error) from error


def said(error: "GoogleAPICallError") -> str:
    """Return status, reason and message of what Google said, without what is secret in them."""
    status = getattr(getattr(error, "grpc_status_code", None), "name", None) or error.code
    reason = reason_of(error)
    parts = [status, reason, error.message, *_violations(error)]
    return without_secrets(" ".join(str(part) for part in parts if part))


def without_secrets(text: object) -> str:
    """Return a text in one line, at most 2000 characters, with tokens blotted out."""
    line = " ".join(str(text).split())
    return _TOKENS.sub(lambda found: (found[1] or "") + "[secret]", line)[:2000]


def reason_of(error: "GoogleAPICallError") -> str:
    """Return the reason that Google gives for machines, such as SERVICE_DISABLED; or nothing."""
    return str(getattr(error, "reason", None) or "")


def permission_in(error: "GoogleAPICallError") -> str:
    """Return the permission that was missing, such as run.services.get; or nothing."""
    metadata = getattr(error, "metadata", None) or {}
    named = metadata.get("permission") or metadata.get("permissions")
    found = PERMISSION.search(error.message or "")
    return str(named or (found[1] if found else ""))


def _answered(attempt: Attempt, error: "GoogleAPICallError") -> LlmopsError:
    from google.api_core.exceptions import (
        DeadlineExceeded,
        Forbidden,
        ServiceUnavailable,
        Unauthorized,
    )

    if isinstance(error, Unauthorized) or _TOKENLESS in (error.message or ""):
        return _unknown(attempt, error)
    if isinstance(error, Forbidden):
        return _refused(attempt, error)
    how = "refused to"
    if isinstance(error, ServiceUnavailable):
        how = "could not be reached to"
    elif isinstance(error, DeadlineExceeded):
        how = "took too long to"
    return attempt.failure(
        f"Google {how} {attempt.doing}.", evidence=said(error), state=attempt.state
    )


def _failed(attempt: Attempt, how: str, error: Exception) -> LlmopsError:
    return attempt.failure(
        f"Google {how} {attempt.doing}.", evidence=without_secrets(error), state=attempt.state
    )


def _refused(attempt: Attempt, error: "GoogleAPICallError") -> LlmopsError:
    metadata: dict[str, Any] = getattr(error, "metadata", None) or {}
    if reason_of(error) == "SERVICE_DISABLED":
        service = metadata.get("service") or "SERVICE"
        return PreflightError(
            f"{service} is not switched on in the project, so Google does not {attempt.doing}.",
            evidence=said(error),
            state=attempt.state,
            next_step=f"gcloud services enable {service}; it takes some minutes.",
        )
    permission = permission_in(error)
    return missing(attempt, permission, said(error))


def missing(attempt: Attempt, permission: str, evidence: str) -> AccessError:
    """Return the error for an attempt that Google does not allow, with the role that would."""
    role = role_for(permission)
    grant = (
        f"Give it the role {role}: gcloud projects add-iam-policy-binding PROJECT "
        f"--member=MEMBER --role={role}. "
    )
    why = f": the permission {permission} is missing" if permission else ""
    return AccessError(
        f"Google does not let {attempt.who or 'you'} {attempt.doing}{why}.",
        evidence=evidence,
        state=attempt.state,
        next_step=(grant if role else "") + "llmops doctor says who you are to Google.",
    )


def _unknown(attempt: Attempt, error: Exception) -> AccessError:
    evidence = getattr(error, "message", None) or str(error)
    return AccessError(
        f"Google does not know {attempt.who or 'you'}, and so does not {attempt.doing}.",
        evidence=without_secrets(evidence),
        state=attempt.state,
        next_step=attempt.remedy or "llmops doctor says who you are to Google.",
    )


def _violations(error: "GoogleAPICallError") -> list[str]:
    """Return what Google says of single fields and quotas, which the message leaves out."""
    found = []
    for detail in getattr(error, "details", None) or ():
        for one in [
            *getattr(detail, "field_violations", ()),
            *getattr(detail, "violations", ()),
        ]:
            about = getattr(one, "field", "") or getattr(one, "subject", "")
            found.append(f"{about}: {one.description}" if about else str(one.description))
    return found
