"""The models that this API serves, by name, and what runs behind them."""

from collections.abc import AsyncIterator, Awaitable, Callable, ItemsView
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from llmops_cli.serve.models.chat import ChatModel
from llmops_cli.serve.models.demo import DemoModel
from llmops_cli.serve.settings import DEMO_MODEL, Settings
from llmops_cli.serve.telemetry.calls import WatchedModel
from llmops_cli.serve.upstreams.breaker import Breaker
from llmops_cli.serve.upstreams.settings import UpstreamSettings

if TYPE_CHECKING:
    from llmops_cli.serve.upstreams.failover import Upstream

#: Says why something is not ready, or "" when it is.
Probe = Callable[[], Awaitable[str]]


class Models:
    """A fixed table of models, complete only while ``running``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._models: dict[str, ChatModel] = {}
        self._circuits: dict[str, Breaker] = {}
        self.probes: dict[str, Probe] = {}

    def find(self, name: str) -> ChatModel | None:
        """Return the model with that name, if there is one."""
        return self._models.get(name)

    def items(self) -> ItemsView[str, ChatModel]:
        """Return names and models in the order of the settings."""
        return self._models.items()

    def circuits(self) -> dict[str, Breaker]:
        """Return the circuit breakers by the names of their upstreams."""
        return self._circuits

    def circuit_states(self) -> dict[str, str]:
        """Return the states of the circuits by the names of their upstreams."""
        return {name: breaker.state for name, breaker in self._circuits.items()}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Make the upstreams ready and start loading the engines; close all of them at the end."""
        async with AsyncExitStack() as stack:
            if self._settings.upstreams:
                await self._start_upstreams(stack)
            else:
                self._models[DEMO_MODEL] = self._watched(DemoModel())
            yield

    async def _start_upstreams(self, stack: AsyncExitStack) -> None:
        # Not at the top: the demo does without.
        from llmops_cli.serve.upstreams.failover import Candidate, Failover

        resilience = self._settings.resilience
        candidates: dict[str, list[Candidate]] = {}
        for settings in self._settings.upstreams:
            upstream = await self._started(stack, settings)
            breaker = Breaker(
                settings.name,
                threshold=resilience.circuit_failures,
                seconds=resilience.circuit_wait,
            )
            self._circuits[settings.name] = breaker
            for model in settings.models:
                name = settings.aliases.get(model, model)
                candidate = Candidate(upstream, name, breaker, settings.seconds, model)
                candidates.setdefault(model, []).append(candidate)
        for model, own in candidates.items():
            others = self._settings.fallbacks.get(model, ())
            every = [*own, *(stand_in for other in others for stand_in in candidates[other])]
            self._models[model] = self._watched(Failover(every, resilience))

    def _watched(self, model: ChatModel) -> ChatModel:
        return WatchedModel(model, logs_prompts=self._settings.telemetry.logs_prompts)

    async def _started(self, stack: AsyncExitStack, settings: UpstreamSettings) -> "Upstream":
        if not settings.gguf:
            from llmops_cli.serve.upstreams.upstream import HttpUpstream

            upstream = HttpUpstream(settings, self._settings.resilience)
            stack.callback(upstream.close)
            return upstream
        from llmops_cli.serve.models.engine import LocalEngine

        engine = LocalEngine(settings, self._settings.resilience)
        await stack.enter_async_context(engine.running())
        self.probes[f"engine:{settings.name}"] = engine.probe
        return engine
