"""The site of nginx: TLS, limits and times in step with the API's, and the one upstream."""

import ipaddress
import json
import math
from dataclasses import dataclass
from urllib.parse import urlsplit

from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.model import Config
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.layout import HostLayout
from llmops_cli.rendering import render

#: The first nginx that takes `http2 on`; it warns of what the older ones take.
HTTP2_DIRECTIVE = (1, 25, 1)
#: Seconds of silence that nginx bears at least, however short the API's own times are.
_SILENCE = 300
#: Bytes of a request that nginx keeps in memory; a larger body waits on the disk.
_LARGEST_BUFFER = 8 * 1024 * 1024
_RETRY_SECONDS = 5


@dataclass(frozen=True)
class _Error:
    """What nginx answers by itself: in the words of the OpenAI API under /v1, in the API's else."""

    status: int
    plain: str
    openai: str


def site_of(config: Config, settings: HostTarget, layout: HostLayout, facts: HostFacts) -> str:
    """Return the text of the site for a host's version of nginx; no secret is in it."""
    limits = config.api.limits
    silence = 2 * config.api.request_seconds + limits.queue_seconds
    certificate, key = certificate_paths(settings, layout)
    public_port = urlsplit(settings.url).port or 443
    values = {
        "app": layout.app,
        # A name may have dashes, which those of nginx's variables may not.
        "v": layout.app.replace("-", "_"),
        "socket": layout.current_socket,
        "port": settings.port,
        "names": server_names(settings),
        "host": "$host" if public_port == 443 else f"$host:{public_port}",
        "public_port": public_port,
        "url": f"https://{settings.server_name}"
        + ("" if public_port == 443 else f":{public_port}"),
        "has_ipv6": facts.has_ipv6,
        "has_http2_directive": facts.nginx >= HTTP2_DIRECTIVE,
        "certificate": certificate,
        "certificate_key": key,
        "challenges": layout.challenges,
        "trusted": limits.trusted_proxies,
        "per_minute": settings.requests_per_minute,
        "request_seconds": _number(config.api.request_seconds),
        "silent_seconds": max(_SILENCE, math.ceil(silence)),
        "body_seconds": math.ceil(limits.body_seconds),
        "max_body_bytes": limits.max_body_bytes,
        "buffer_bytes": min(limits.max_body_bytes, _LARGEST_BUFFER),
        "retry_seconds": _RETRY_SECONDS,
        "wait_seconds": math.ceil(60 / max(1, settings.requests_per_minute)),
        "errors": _errors(settings, limits.max_body_bytes),
    }
    return render("host/nginx.conf.j2", values).rstrip() + "\n"


def server_names(settings: HostTarget) -> list[str]:
    """Return the names under which the site is asked, and which its certificate must have."""
    public = urlsplit(settings.url).hostname or settings.server_name
    return list(dict.fromkeys([settings.server_name, public]))


def certificate_paths(settings: HostTarget, layout: HostLayout) -> tuple[str, str]:
    """Return where on the host the certificate with its chain is, and its key.

    One from an ACME client is linked to the place of a generated one, which serves until there is
    one: nginx would not start without, and without nginx the authority cannot be answered.
    """
    if settings.certificate_key is not None:
        return settings.certificate, settings.certificate_key
    return layout.certificate, layout.certificate_key


def alternative_names(settings: HostTarget) -> list[str]:
    """Return the names as a certificate has them: ``DNS:api.example.com``, ``IP:10.0.0.1``."""
    return [f"{'IP' if _is_address(name) else 'DNS'}:{name}" for name in server_names(settings)]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _errors(settings: HostTarget, max_body_bytes: int) -> list[_Error]:
    large = f"Request body too large. Maximum size is {_in_words(max_body_bytes)}"
    found = [
        _refusal(413, large, "request_too_large"),
        _failure(502, "BadGateway", "The release did not answer", "bad_gateway"),
        _failure(503, "ServiceUnavailable", "No release answers now", "unavailable"),
        _failure(504, "GatewayTimeout", "The release did not answer in time", "timeout"),
    ]
    if settings.requests_per_minute:
        found.append(_refusal(429, "Too many requests", "rate_limit_exceeded"))
    return found


def _refusal(status: int, message: str, code: str) -> _Error:
    kind = "rate_limit_error" if status == 429 else "invalid_request_error"
    plain = json.dumps({"detail": message})
    return _Error(status, plain, _openai(message, kind, code))


def _failure(status: int, error: str, message: str, code: str) -> _Error:
    plain = json.dumps({"error": error, "message": message, "detail": message})
    return _Error(status, plain, _openai(message, "server_error", code))


def _openai(message: str, kind: str, code: str) -> str:
    error = {"message": message, "type": kind, "param": None, "code": code}
    return json.dumps({"error": error})


def _in_words(size: int) -> str:
    for unit, name in ((1024 * 1024, "MB"), (1024, "KB")):
        if size % unit == 0:
            return f"{size // unit} {name}"
    return f"{size} bytes"


def _number(value: float) -> str:
    return f"{value:g}"
