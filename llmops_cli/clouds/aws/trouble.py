"""What the clients of AWS raise, in our words."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from llmops_cli.errors import AccessError, DeployError, LlmopsError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

_DENIED = (
    "403",
    "AccessDenied",
    "AccessDeniedException",
    "AccessDeniedFault",
    "AuthorizationError",
    "UnauthorizedException",
    "UnauthorizedOperation",
)
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
_UNKNOWN = (
    "AuthFailure",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidIdentityToken",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
_SKEWED = re.compile("RequestTimeTooSkewed|Signature expired|Signature not yet current")
THROTTLED = (
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
)
_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)(?: on resource: (\S+))?")
_USER = re.compile(r"User: (arn:\S+)")
#: Signatures and tokens that a message may quote; and a message that only AWS can read.
_SECRETS = re.compile(
    r"(?i)(X-Amz-(?:Security-Token|Signature|Credential)[=:]\s*)[^&\s\"'<]+"
    r"|(Encoded authorization failure message: )\S+"
)


@contextmanager
def told(
    doing: str,
    *,
    state: str = "",
    failure: type[LlmopsError] = DeployError,
    who: Callable[[], str] = lambda: "you",
    remedy: Callable[[], str] = lambda: "llmops doctor",
) -> Iterator[None]:
    """Turn what AWS's clients raise inside into errors that an operator can act on.

    ``doing`` completes the sentence "AWS refused to …". Of a refused credential ``remedy`` says
    what mends it, and of a missing permission ``who`` lacks it. All else becomes a ``failure``.
    """
    from botocore import exceptions as raised

    unknown = (
        raised.NoCredentialsError,
        raised.PartialCredentialsError,
        raised.CredentialRetrievalError,
        raised.TokenRetrievalError,
        raised.SSOError,
        raised.LoginError,
        raised.NoAuthTokenError,
        raised.ProfileNotFound,
    )
    away = (raised.ConnectionError, raised.HTTPClientError, raised.MetadataRetrievalError)
    try:
        yield
    except raised.ClientError as error:
        raise _answered(
            doing, error, state=state, failure=failure, who=who, remedy=remedy
        ) from error
    except unknown as error:
        raise AccessError(
            f"AWS could not be asked to {doing}: the credentials of this machine do not work.",
            evidence=said(error),
            state=state,
            next_step=remedy(),
        ) from error
    except away as error:
        raise failure(
            f"AWS could not be reached to {doing}.",
            evidence=said(error),
            state=state,
            next_step="Check the network, the region and proxies, then run the same command again.",
        ) from error
    except raised.BotoCoreError as error:
        raise failure(f"AWS did not {doing}.", evidence=said(error), state=state) from error


def code_of(error: "ClientError") -> str:
    """Return what kind of error it is, such as "ServiceNotFoundException"."""
    return str(_inner(error).get("Code", ""))


def said(error: Exception) -> str:
    """Return code and message of what AWS said, without what is secret in them."""
    inner = _inner(error)
    if not inner:
        return without_secrets(" ".join(str(error).split()))[:2000]
    metadata = getattr(error, "response", {}).get("ResponseMetadata", {})
    request = metadata.get("RequestId")
    parts = (inner.get("Code"), inner.get("Message") or inner.get("message"))
    text = ": ".join(str(part) for part in parts if part)
    return without_secrets(" ".join(text.split()))[:2000] + (
        f" (request {request})" if request else ""
    )


def without_secrets(text: str) -> str:
    """Return a text with signatures and tokens blotted out."""
    return _SECRETS.sub(lambda found: (found[1] or found[2]) + "[secret]", text)


def _answered(
    doing: str,
    error: "ClientError",
    *,
    state: str,
    failure: type[LlmopsError],
    who: Callable[[], str],
    remedy: Callable[[], str],
) -> LlmopsError:
    code, evidence = code_of(error), said(error)
    if code in _EXPIRED:
        message, step = f"The credentials for AWS have expired; it did not {doing}.", remedy()
        return AccessError(message, evidence=evidence, state=state, next_step=step)
    if _SKEWED.search(evidence):
        message = f"AWS does not take the signature of this machine, and did not {doing}."
        step = f"Set the clock: timedatectl set-ntp true. If it is right: {remedy()}"
        return AccessError(message, evidence=evidence, state=state, next_step=step)
    if code in _UNKNOWN:
        message = f"AWS does not know the credentials of this machine, and did not {doing}."
        return AccessError(message, evidence=evidence, state=state, next_step=remedy())
    if code in _DENIED:
        return _denied(doing, error, state, who)
    if code in THROTTLED:
        return failure(
            f"AWS had no time to {doing}: too much is asked of it.",
            evidence=evidence,
            state=state,
            next_step="Run the same command again in a minute.",
        )
    return failure(f"AWS refused to {doing}.", evidence=evidence, state=state)


def _denied(doing: str, error: "ClientError", state: str, who: Callable[[], str]) -> AccessError:
    text = str(_inner(error).get("Message") or "")
    user, action = _USER.search(text), _ACTION.search(text)
    missing = action[1] if action else f"the action {error.operation_name}"
    where = f" on {action[2]}" if action and action[2] else ""
    return AccessError(
        f"AWS does not let {user[1] if user else who()} {doing}: {missing} is not allowed.",
        evidence=said(error),
        state=state,
        next_step=_permission(text, f"{missing}{where}"),
    )


def _permission(text: str, wanted: str) -> str:
    if "explicit deny" in text:
        kind = re.search(r"explicit deny in an? ([\w -]+?policy|[\w -]+boundary)", text)
        named = kind[1] if kind else "policy"
        return f"The {named} forbids {wanted}: whoever keeps it has to make an exception."
    return (
        f"Allow {wanted} in a policy of that role or user (llmops infra apply makes a role that "
        "has all that a deploy needs); a new policy counts after some seconds."
    )


def _inner(error: Exception) -> Mapping[str, Any]:
    response = getattr(error, "response", None)
    found = response.get("Error", {}) if isinstance(response, dict) else {}
    return found if isinstance(found, dict) else {}
