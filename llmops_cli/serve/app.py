"""Puts the served API together: settings in, an application out."""

import importlib
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from llmops_cli.serve import faults, health, openai_routes, session_routes
from llmops_cli.serve.auth import Gate, Keyring
from llmops_cli.serve.conversation import Conversations
from llmops_cli.serve.envelope import Envelope
from llmops_cli.serve.models import Models
from llmops_cli.serve.session_store import SessionStore
from llmops_cli.serve.session_tables import SessionNotFoundError
from llmops_cli.serve.settings import Settings, SettingsError

_log = logging.getLogger("llmops.serve")


def create_app(settings: Settings) -> FastAPI:
    """Return the API. Its lifespan opens the store, the client of the upstreams and the engines.

    There is no /docs and no /openapi.json: a description of the API is no use to a release, and
    what is not there cannot be left open.
    """
    store = SessionStore(settings.data_dir / "sessions.db")
    models = Models(settings)
    app = FastAPI(title="llmops", openapi_url=None, lifespan=_lifespan(settings, store, models))
    _add_routes(app, settings, store, models)
    app.add_exception_handler(HTTPException, faults.http_fault)
    app.add_exception_handler(SessionNotFoundError, session_routes.session_not_found)
    if not settings.is_anonymous:
        app.add_middleware(Gate, keyring=Keyring(settings.key_digests))
    # The last one added is the outermost: refusals of the gate are in an envelope too.
    app.add_middleware(Envelope, release=settings.release)
    return app


def _add_routes(app: FastAPI, settings: Settings, store: SessionStore, models: Models) -> None:
    # First the hot path: routes are tried in order.
    app.router.routes.extend(openai_routes.routes(models, settings.model))
    keyring = Keyring(settings.key_digests)
    app.router.routes.extend(health.routes(settings, keyring, models.probes))
    conversations = Conversations(
        store, settings.system_prompt, settings.history_rows, settings.session_max_tokens
    )
    app.include_router(session_routes.router(store, conversations, models, settings.model))


def _lifespan(
    settings: Settings, store: SessionStore, models: Models
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if settings.is_anonymous:
            _log.warning("LLMOPS_AUTH is none: whoever reaches this address can use the models")
        async with store.opened(), models.running():
            models.probes["store"] = store.probe
            yield

    return lifespan


def load_application(settings: Settings) -> ASGIApp:
    """Return the application to serve: ours, or the one that LLMOPS_APP names.

    The project's own application is put in the same envelope, so that a deploy can see which
    release answers; keys and routes are its own affair. Raises SettingsError when it cannot be
    imported.
    """
    if not settings.app:
        return create_app(settings)
    module_name, _, attribute = settings.app.partition(":")
    # At the end, so that no file of the project gets in the way of a library.
    sys.path.append(str(Path.cwd()))
    try:
        application = getattr(importlib.import_module(module_name), attribute, None)
    except (ImportError, SyntaxError) as error:
        raise SettingsError(
            (f"LLMOPS_APP: {settings.app} cannot be imported ({error})",)
        ) from error
    if not callable(application):
        raise SettingsError((f"LLMOPS_APP: {module_name} has no application {attribute!r}",))
    return Envelope(application, settings.release)
