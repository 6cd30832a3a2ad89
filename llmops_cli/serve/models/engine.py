"""The local engine: a GGUF file behind a llama.cpp server that lives in this process."""

import asyncio
import json
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import xllamacpp

from llmops_cli.serve.models.chat import ChatCall, ModelError, ModelLoadingError
from llmops_cli.serve.upstreams.resilience import Resilience
from llmops_cli.serve.upstreams.settings import UpstreamSettings
from llmops_cli.serve.upstreams.upstream import Attempt, HttpUpstream

_log = logging.getLogger("llmops.serve")

#: Answers that are worked on at the same time; they share the model's context.
_PARALLEL = 4
_ERRORS_ONLY = 1

#: Reads the weights from disk once, so that the first caller need not wait for that.
_WARM_UP_SECONDS = 600.0
_WARM_UP: dict[str, Any] = {
    "messages": [{"role": "user", "content": "Hello"}],
    "max_tokens": 1,
}


class LocalEngine:
    """Loads a model and passes calls to it over a loopback port that only this process can use.

    Until it is loaded, calls raise ModelLoadingError and ``probe`` says so.
    """

    def __init__(self, settings: UpstreamSettings, resilience: Resilience) -> None:
        self.name = settings.name
        self._settings = settings
        self._resilience = resilience
        self._server: Any = None
        self._upstream: HttpUpstream | None = None
        self._trouble = "the model is still loading"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load the model in the background, and end its server at the end."""
        loading = asyncio.create_task(self._load())
        try:
            yield
        finally:
            loading.cancel()
            await asyncio.wait([loading])
            await asyncio.to_thread(self._end)

    async def ask(self, call: ChatCall, model: str, deadline: float) -> Attempt:
        """Ask the model. Raises ModelError."""
        if self._trouble or self._upstream is None:
            raise ModelLoadingError(f"Not available: {self._trouble}")
        return await self._upstream.ask(call, model, deadline)

    async def probe(self) -> str:
        """Say why the model cannot answer, or "" when it can."""
        return self._trouble

    async def _load(self) -> None:
        key = secrets.token_urlsafe(32)
        try:
            self._server = await asyncio.to_thread(xllamacpp.Server, self._parameters(key))
            base_url = f"{self._server.listening_address}/v1"
            server = replace(self._settings, base_url=base_url, gguf=None, key=key)
            self._upstream = HttpUpstream(server, self._resilience)
            await self._warm_up(self._upstream)
        except (RuntimeError, ModelError) as error:
            self._trouble = "the model could not be loaded"
            _log.error("Engine %s: %s (%s)", self.name, self._trouble, error)
        else:
            self._trouble = ""
            _log.info("Engine %s: the model is loaded", self.name)

    def _parameters(self, key: str) -> Any:
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(self._settings.gguf)
        # Without a name of its own, answers carry the path of the file.
        parameters.model_alias = set(self._settings.models)
        parameters.hostnames = ["127.0.0.1"]
        parameters.port = 0
        parameters.api_keys = [key]
        parameters.n_parallel = _PARALLEL
        parameters.kv_unified = True
        parameters.verbosity = _ERRORS_ONLY
        parameters.ui = False
        parameters.endpoint_slots = False
        # The binding holds the interpreter's lock while it warms up: not even /health would answer.
        parameters.warmup = False
        return parameters

    async def _warm_up(self, upstream: HttpUpstream) -> None:
        fields = {**_WARM_UP, "model": self._settings.models[0]}
        call = ChatCall(json.dumps(fields).encode(), fields)
        deadline = asyncio.get_running_loop().time() + _WARM_UP_SECONDS
        (await upstream.ask(call, call.model, deadline)).close()

    def _end(self) -> None:
        # The binding has no method for it: the server ends with its last reference.
        self._server = None
