"""The models that this API serves, by name, and what runs behind them."""

from collections.abc import AsyncIterator, Awaitable, Callable, ItemsView
from contextlib import AsyncExitStack, asynccontextmanager

from llmops_cli.serve.models.chat import ChatModel
from llmops_cli.serve.models.demo import DemoModel
from llmops_cli.serve.settings import DEMO_MODEL, Settings

#: Says why something is not ready, or "" when it is.
Probe = Callable[[], Awaitable[str]]


class Models:
    """A fixed table of models, complete only while ``running``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._models: dict[str, ChatModel] = {}
        self.probes: dict[str, Probe] = {}

    def find(self, name: str) -> ChatModel | None:
        """Return the model with that name, if there is one."""
        return self._models.get(name)

    def items(self) -> ItemsView[str, ChatModel]:
        """Return names and models in the order of the settings."""
        return self._models.items()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the connections and start loading the engines; close all of them at the end."""
        async with AsyncExitStack() as stack:
            if self._settings.upstreams:
                await self._start_upstreams(stack)
            else:
                self._models[DEMO_MODEL] = DemoModel()
            yield

    async def _start_upstreams(self, stack: AsyncExitStack) -> None:
        # Not at the top: aiohttp is a third of the start-up time, and the demo does without.
        from llmops_cli.serve.upstreams.upstream import HttpUpstream, open_client

        client = await stack.enter_async_context(open_client())
        for upstream in self._settings.upstreams:
            budget = self._settings.request_seconds
            if upstream.gguf:
                from llmops_cli.serve.models.engine import LocalEngine

                engine = LocalEngine(upstream, client, budget)
                await stack.enter_async_context(engine.running())
                self.probes[f"engine:{upstream.name}"] = engine.probe
                model: ChatModel = engine
            else:
                model = HttpUpstream(upstream.name, upstream.base_url, upstream.key, client, budget)
            self._models |= dict.fromkeys(upstream.models, model)
