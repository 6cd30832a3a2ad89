"""Is it alive, is it ready, and which release is it: routes that call no model."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from llmops_cli.serve.access.keyring import Keyring
from llmops_cli.serve.clock import timestamp
from llmops_cli.serve.health import circuits
from llmops_cli.serve.health.checks import Checks, Result
from llmops_cli.serve.health.circuits import Circuits
from llmops_cli.serve.routing import TemplatedRoute
from llmops_cli.serve.settings import Settings

_NO_ROBOTS = "User-agent: *\nDisallow: /\n"


def routes(
    settings: Settings, keyring: Keyring, needed: Checks, breakers: Circuits
) -> list[TemplatedRoute]:
    """Return the health routes, ``/version`` and ``/robots.txt``.

    Liveness looks at nothing but itself, so that a restart is never the answer to a dependency
    that is down. Readiness asks what is ``needed``. The circuits of the upstreams show in
    ``/health/detailed`` only: no other process would reach an upstream that this one does not.
    """
    word = _always({"status": settings.status_word})
    optional = Checks({"circuit_breaker": circuits.probe(breakers)} if settings.upstreams else {})
    readiness = _Readiness(keyring, needed)
    detailed = _Detailed(keyring, needed, optional)
    version = {
        "release": settings.release,
        "commit": settings.commit,
        "llmops": settings.version,
    }

    async def circuit_states(request: Request) -> Response:
        return JSONResponse({"circuits": circuits.described(breakers), "timestamp": timestamp()})

    return [
        TemplatedRoute("/health", word),
        TemplatedRoute("/api/v1/health", word),
        TemplatedRoute("/health/live", _always({"status": "alive"})),
        TemplatedRoute("/health/ready", readiness.answer),
        TemplatedRoute("/health/detailed", detailed.answer),
        TemplatedRoute("/llm/health", circuit_states),
        TemplatedRoute("/version", _always(version)),
        TemplatedRoute("/robots.txt", _robots),
    ]


def _always(body: dict[str, str]) -> Any:
    async def answer(request: Request) -> Response:
        return JSONResponse(body)

    return answer


async def _robots(request: Request) -> Response:
    return PlainTextResponse(_NO_ROBOTS)


class _Readiness:
    def __init__(self, keyring: Keyring, needed: Checks) -> None:
        self._keyring = keyring
        self._needed = needed

    async def answer(self, request: Request) -> Response:
        is_known = _is_known(request, self._keyring)
        results = await self._needed.results(is_fresh=_wants_fresh(request, is_known=is_known))
        return _answer({"checks": _shown(results, tells_why=is_known)}, results)


class _Detailed:
    def __init__(self, keyring: Keyring, needed: Checks, optional: Checks) -> None:
        self._keyring = keyring
        self._needed = needed
        self._optional = optional

    async def answer(self, request: Request) -> Response:
        is_known = _is_known(request, self._keyring)
        is_fresh = _wants_fresh(request, is_known=is_known)
        results = {
            **await self._needed.results(is_fresh=is_fresh),
            # These look into this process only, and so are always asked.
            **await self._optional.results(is_fresh=True),
        }
        healthy = sum(not result.trouble for result in results.values())
        summary = {
            "healthy_services": healthy,
            "total_services": len(results),
            "all_healthy": healthy == len(results),
        }
        checked_at = min((result.checked_at for result in results.values()), default=timestamp())
        checks = _shown(results, tells_why=is_known)
        return _answer({"checks": checks, "summary": summary, "checked_at": checked_at}, results)


def _is_known(request: Request, keyring: Keyring) -> bool:
    return keyring.caller(request.headers.raw) is not None


def _wants_fresh(request: Request, *, is_known: bool) -> bool:
    """Whether to ask again. Only who has a credential may make us bother a dependency."""
    return is_known and request.query_params.get("refresh", "").lower() == "true"


def _answer(body: Mapping[str, Any], results: Mapping[str, Result]) -> Response:
    if any(result.trouble for result in results.values()):
        return JSONResponse({"status": "degraded", **body}, 503)
    return JSONResponse({"status": "healthy", **body})


def _shown(results: Mapping[str, Result], *, tells_why: bool) -> dict[str, dict[str, Any]]:
    if not tells_why:
        return {name: {"healthy": not result.trouble} for name, result in results.items()}
    return {
        name: {
            "healthy": not result.trouble,
            "latency_ms": result.latency_ms,
            "message": result.trouble or "ok",
        }
        for name, result in results.items()
    }
