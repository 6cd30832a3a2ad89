"""Is it alive, is it ready, and which release is it: routes that need no key and call no model."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from llmops_cli.serve.access.keyring import Keyring
from llmops_cli.serve.models.table import Probe
from llmops_cli.serve.routing import TemplatedRoute
from llmops_cli.serve.settings import Settings

#: Seconds that one probe may take before it counts as failed.
PROBE_SECONDS = 2.0

_log = logging.getLogger("llmops.serve")


def routes(
    settings: Settings, keyring: Keyring, probes: Mapping[str, Probe]
) -> list[TemplatedRoute]:
    """Return the health routes and ``/version``.

    Liveness looks at nothing but itself, so that a restart is never the answer to a dependency
    that is down. Readiness asks every probe; why one failed is told only to who has a credential.
    """
    word = {"status": settings.status_word}
    version = {
        "release": settings.release,
        "commit": settings.commit,
        "llmops": settings.version,
    }
    readiness = _Readiness(keyring, probes)
    return [
        TemplatedRoute("/health", _always(word)),
        TemplatedRoute("/health/live", _always({"status": "alive"})),
        TemplatedRoute("/health/ready", readiness.answer),
        TemplatedRoute("/version", _always(version)),
    ]


def _always(body: dict[str, str]) -> Any:
    async def answer(request: Request) -> Response:
        return JSONResponse(body)

    return answer


class _Readiness:
    def __init__(self, keyring: Keyring, probes: Mapping[str, Probe]) -> None:
        self._keyring = keyring
        self._probes = probes

    async def answer(self, request: Request) -> Response:
        tells_why = self._keyring.caller(request.headers.raw) is not None
        results = await asyncio.gather(
            *(_ask(name, probe, tells_why=tells_why) for name, probe in self._probes.items())
        )
        checks = dict(zip(self._probes, results, strict=True))
        if all(check["healthy"] for check in checks.values()):
            return JSONResponse({"status": "healthy", "checks": checks})
        return JSONResponse({"status": "degraded", "checks": checks}, 503)


async def _ask(name: str, probe: Probe, *, tells_why: bool) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        trouble = await asyncio.wait_for(probe(), PROBE_SECONDS)
    except TimeoutError:
        trouble = f"no answer within {PROBE_SECONDS:g} s"
    if trouble:
        _log.warning("Not ready: %s: %s", name, trouble)
    shown = trouble if tells_why else "not ready"
    return {
        "healthy": not trouble,
        "latency_ms": round((time.perf_counter() - started) * 1000, 2),
        "message": shown if trouble else "ok",
    }
