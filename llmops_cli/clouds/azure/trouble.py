"""What the clients of Azure raise, in our words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from llmops_cli.errors import AccessError, DeployError, LlmopsError

_REFUSED = (401, 403)
#: Signed addresses and tokens that Azure may quote in what it says.
_SECRETS = re.compile(r"(?i)([?&](?:sig|t|s|h|c|code|token)=)[^&\s\"']+|(bearer\s+)[\w.~+/=-]+")


@contextmanager
def told(
    doing: str, *, state: str = "", failure: type[LlmopsError] = DeployError, who: str = ""
) -> Iterator[None]:
    """Turn what Azure's clients raise inside into errors that an operator can act on.

    ``doing`` completes the sentence "Azure refused to …". A refused credential or a missing
    permission becomes an AccessError, which says ``who`` was refused, all else a ``failure``.
    """
    from azure.core.exceptions import (
        AzureError,
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
    )

    try:
        yield
    except ClientAuthenticationError as error:
        raise _refused(doing, error, state, who) from error
    except HttpResponseError as error:
        if error.status_code in _REFUSED:
            raise _refused(doing, error, state, who) from error
        raise failure(f"Azure refused to {doing}.", evidence=said(error), state=state) from error
    except ServiceRequestError as error:
        raise failure(
            f"Azure could not be reached to {doing}.", evidence=said(error), state=state
        ) from error
    except AzureError as error:
        raise failure(f"Azure did not {doing}.", evidence=said(error), state=state) from error


def said(error: Exception) -> str:
    """Return status, code and message of what Azure said, without what is secret in them."""
    status = getattr(error, "status_code", None)
    inner = getattr(error, "error", None)
    code = getattr(inner, "code", None)
    message = getattr(inner, "message", None) or getattr(error, "message", None) or str(error)
    text = " ".join(str(part) for part in (status, code, message) if part)
    return without_secrets(" ".join(text.split()))[:2000]


def without_secrets(text: str) -> str:
    """Return a text with signatures and tokens blotted out."""
    return _SECRETS.sub(lambda found: (found[1] or found[2]) + "[secret]", text)


def _refused(doing: str, error: Exception, state: str, who: str) -> AccessError:
    return AccessError(
        f"Azure does not let {who or 'you'} {doing}.",
        evidence=said(error),
        state=state,
        next_step="llmops doctor says who you are to Azure and which rights are missing.",
    )
