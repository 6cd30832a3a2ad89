"""Which web pages may read the answers: none, unless their origin is configured."""

import re
from urllib.parse import urlsplit

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from llmops_cli.serve.environment import Environment

#: The first that is set is read; the second is what other servers call it.
VARIABLES = ("LLMOPS_CORS_ORIGINS", "CORS_ORIGINS")

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

#: Headers of an answer that a page may read besides those that it always may.
_EXPOSED = (
    *("X-Request-ID", "X-Release", "Retry-After", "WWW-Authenticate"),
    *("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"),
    *("X-RateLimit-Limit-Requests", "X-RateLimit-Remaining-Requests", "X-RateLimit-Reset-Requests"),
    *("X-RateLimit-Limit-Tokens", "X-RateLimit-Remaining-Tokens", "X-RateLimit-Reset-Tokens"),
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def read(environment: Environment, *, is_anonymous: bool) -> tuple[str, ...]:
    """Return the origins, separated by commas, as browsers write them.

    ``*`` is for an API that answers anybody. Where a credential is needed, a page that may read
    answers may also use a credential that its visitor has typed into it, so each has to be named.
    """
    variable = next((name for name in VARIABLES if environment.text(name)), VARIABLES[0])
    texts = [text.strip() for text in environment.text(variable).split(",") if text.strip()]
    if "*" in texts and not is_anonymous:
        environment.refuse(variable, "must name each origin: * is only for LLMOPS_AUTH=none")
        return ()
    origins = ["*" if text == "*" else _origin(text) for text in texts]
    if not all(origins):
        environment.refuse(variable, "must list origins: http:// or https://, a host, and no path")
        return ()
    return tuple(dict.fromkeys(origins))


def allowing(app: ASGIApp, origins: tuple[str, ...]) -> ASGIApp:
    """Return ``app`` behind what answers preflights and marks answers that a page may read.

    It has to be around the gate: browsers ask beforehand, and without a credential. Cookies are
    not allowed for, because no credential of this API is one.
    """
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=["*"],
        expose_headers=_EXPOSED,
    )


def _origin(text: str) -> str:
    """Return an origin in the form in which a browser sends it, or "" where it is none."""
    if not re.fullmatch(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?", text, re.IGNORECASE):
        return ""
    try:
        url = urlsplit(text.lower())
        port = url.port
    except ValueError:
        return ""
    if port == 0 or url.hostname is None:
        return ""
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    is_default = port in (None, _DEFAULT_PORTS[url.scheme])
    return f"{url.scheme}://{host}" + ("" if is_default else f":{port}")
