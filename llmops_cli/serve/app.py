"""Puts the served API together: settings in, an application out."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from llmops_cli.serve import faults, project_code
from llmops_cli.serve.access import cors
from llmops_cli.serve.access import routes as access_routes
from llmops_cli.serve.access.gate import OPEN_PATHS, Gate
from llmops_cli.serve.access.keyring import Keyring
from llmops_cli.serve.dispatch import Dispatch
from llmops_cli.serve.envelope import Envelope
from llmops_cli.serve.generate import routes as generate_routes
from llmops_cli.serve.health import routes as health_routes
from llmops_cli.serve.health.checks import Checks
from llmops_cli.serve.limits import layers as limits
from llmops_cli.serve.models.table import Models
from llmops_cli.serve.openai_api import routes as openai_routes
from llmops_cli.serve.openapi import routes as openapi
from llmops_cli.serve.playground import routes as playground
from llmops_cli.serve.process.stopping import Farewell, Stopping
from llmops_cli.serve.routing import templates_of
from llmops_cli.serve.sessions import routes as session_routes
from llmops_cli.serve.sessions.conversation import Conversations
from llmops_cli.serve.sessions.expiry import sweeping
from llmops_cli.serve.sessions.session import SessionNotFoundError, StoreUnavailableError
from llmops_cli.serve.sessions.starting import PlainFailure
from llmops_cli.serve.sessions.store import SessionStore, store_of
from llmops_cli.serve.settings import Settings
from llmops_cli.serve.telemetry import exposition
from llmops_cli.serve.telemetry.setup import Telemetry
from llmops_cli.serve.vertex.contract import Contract

_log = logging.getLogger("llmops.serve")

#: FastAPI's own (0.165 has one, and it is on) would tell a provider that the operator made global
#: of bodies and exceptions. A release of it without one ignores this.
_NO_TELEMETRY: Any = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def create_app(
    settings: Settings, stopping: Stopping | None = None, telemetry: Telemetry | None = None
) -> ASGIApp:
    """Return the API. Its lifespan opens the store, the client of the upstreams and the engines.

    There is no /docs, which would load scripts from elsewhere; /openapi.json needs a key.
    """
    store = store_of(settings.sessions)
    models = Models(settings)
    telemetry = telemetry or Telemetry(settings)
    keyring = Keyring(settings.access)
    checks = Checks(models.probes)
    framework = _framework(
        settings, store, models, keyring=keyring, telemetry=telemetry, checks=checks
    )
    template_of = templates_of(framework.routes)
    app = _in_layers(PlainFailure(framework), settings, models, keyring)
    app = Farewell(app, stopping or Stopping())
    over = (*telemetry.over, checks.over)
    return Envelope(
        app, settings.release, began=telemetry.began, over=over, template_of=template_of
    )


def _framework(
    settings: Settings,
    store: SessionStore,
    models: Models,
    *,
    keyring: Keyring,
    telemetry: Telemetry,
    checks: Checks,
) -> FastAPI:
    """Return the routes that need not be the fastest."""
    lifespan = _lifespan(settings, store, models)
    app = FastAPI(title="llmops", openapi_url=None, lifespan=lifespan, telemetry=_NO_TELEMETRY)
    app.router.routes.extend(openai_routes.routes(models))
    app.router.routes.extend(access_routes.routes(settings.access))
    app.router.routes.extend(health_routes.routes(settings, keyring, checks, models.circuits()))
    app.router.routes.extend(telemetry.routes(models.circuit_states))
    conversations = Conversations(store, settings.system_prompt, settings.sessions)
    app.include_router(generate_routes.router(models, settings.model, telemetry.prices.note))
    app.router.routes.extend(session_routes.routes(store, conversations, models, settings.model))
    if settings.playground.is_on:
        app.router.routes.extend(playground.routes(asks_for_key=not settings.access.is_anonymous))
    app.router.routes.append(
        openapi.route(app, settings.release, is_anonymous=settings.access.is_anonymous)
    )
    for router in project_code.routers(settings, app.router.routes, OPEN_PATHS):
        app.include_router(router)
    app.add_exception_handler(Exception, faults.left_to_the_envelope)
    app.add_exception_handler(HTTPException, faults.http_fault)
    app.add_exception_handler(SessionNotFoundError, session_routes.session_not_found)
    app.add_exception_handler(StoreUnavailableError, session_routes.store_unavailable)
    return app


def _in_layers(app: ASGIApp, settings: Settings, models: Models, keyring: Keyring) -> ASGIApp:
    """Put what every request passes around the routes, the innermost layer first."""
    completions = openai_routes.ChatCompletions(models, settings.model)
    app = Dispatch(app, {openai_routes.CHAT_COMPLETIONS: completions})
    app = limits.behind_the_gate(app, settings.limits)
    if not settings.access.is_anonymous:
        page = playground.OPEN_PATHS if settings.playground.is_on else frozenset()
        metrics = {exposition.PATH} if settings.telemetry.metrics == "open" else set()
        app = Gate(app, keyring, OPEN_PATHS | page | metrics)
    app = limits.before_the_gate(app, settings.limits)
    if settings.access.origins:
        # Around the limits, so that a web page can read that it asked too much.
        app = cors.allowing(app, settings.access.origins)
    return app


def _lifespan(
    settings: Settings, store: SessionStore, models: Models
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.access.warning:
            _log.warning(settings.access.warning)
        async with store.opened(), sweeping(store), models.running():
            models.probes["store"] = store.probe
            yield

    return lifespan


def load_application(settings: Settings, stopping: Stopping, telemetry: Telemetry) -> ASGIApp:
    """Return the application to serve: ours, or the one that LLMOPS_APP names.

    The project's own application is put in the same envelope, so that a deploy can see which
    release answers; keys and routes are its own affair. Raises SettingsError when it cannot be
    imported.
    """
    if not settings.app:
        return _contracted(create_app(settings, stopping, telemetry), settings)
    app: ASGIApp = Farewell(project_code.application(settings), stopping)
    app = Envelope(app, settings.release, began=telemetry.began, over=telemetry.over)
    return _contracted(app, settings)


def _contracted(app: ASGIApp, settings: Settings) -> ASGIApp:
    """Put the contract of the platform around an application, where there is one."""
    if not settings.vertex.is_on:
        return app
    most = settings.limits.max_body_bytes
    return Contract(app, settings.vertex, settings.release, max_body_bytes=most)
