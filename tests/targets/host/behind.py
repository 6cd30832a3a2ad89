"""Stacks of a host target, on engines that tests choose instead of those of hosts."""

import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from llmops_cli.config.host_target import HostTarget
from llmops_cli.config.load import parse
from llmops_cli.core.secret import Secret
from llmops_cli.engine.docker import Engine
from llmops_cli.hosts.layout import HostLayout
from llmops_cli.hosts.several import Hosts
from llmops_cli.secret_stores.file import FileStore
from llmops_cli.stacks.stack import Stack
from llmops_cli.targets.host.stack import HostStack
from llmops_cli.targets.host.stack_making import make_stack

KEY = "sk-a-key-that-nobody-is-to-see"
LITELLM = """\
model_list:
  - model_name: demo
    litellm_params: {model: openai/demo, api_base: "http://vllm:8000/v1", api_key: none}
"""


@dataclass(frozen=True)
class NoHosts:
    """Hosts by name, with no session to any."""

    names: Sequence[str]
    layout: HostLayout

    def each(
        self, do: Callable[[str, Any], Any], among: Sequence[str] | None = None
    ) -> Mapping[str, Any]:
        asked = self.names if among is None else among
        with ThreadPoolExecutor(8) as pool:
            return dict(zip(asked, pool.map(lambda host: do(host, None), asked), strict=True))


@dataclass
class Asked:
    """The engine of this machine, in the place of every host's; remembers whose was asked."""

    engine: Engine = field(default_factory=Engine)
    hosts: list[str] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def of(self, host: str, session: object) -> Engine:
        with self.guard:
            self.hosts.append(host)
        return self.engine


def host_stack(
    folder: Path,
    stack: str,
    *,
    hosts: Sequence[str] = ("one",),
    reached: Hosts | None = None,
    top: str = "",
    target: str = "",
) -> HostStack:
    """Return the stack of a project with these lines for its table ``stack``, or without one.

    It is asked by the engine of this machine, or, where hosts are ``reached``, by theirs.
    """
    app = f"llmops-test-{secrets.token_hex(4)}"
    listed = ", ".join(f'"{host}"' for host in hosts)
    text = (
        f'name = "demo"\n{top}\n[secrets]\nrequired = ["LITELLM_MASTER_KEY", "VLLM_API_KEY", '
        '"QDRANT_API_KEY", "GRAFANA_ADMIN_PASSWORD"]\n'
        f'[targets.host]\nhosts = [{listed}]\nserver_name = "api.example.com"\n{target}\n'
    )
    text += f"[targets.host.stack]\n{stack}\n" if stack else ""
    config = parse(text, "llmops.toml")
    settings = config.targets["host"]
    assert isinstance(settings, HostTarget)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "litellm.yaml").write_text(LITELLM)
    store = FileStore(folder / ".secrets")
    for name in ("LITELLM_MASTER_KEY", "VLLM_API_KEY", "QDRANT_API_KEY", "GRAFANA_ADMIN_PASSWORD"):
        store.write(name, Secret(f"{KEY}-{name}"))
    known = reached or cast("Hosts", NoHosts(hosts, HostLayout(app)))
    made = make_stack(config, settings, folder, known, store)
    # A name of its own: the engine is shared with other tests.
    named = Stack(f"{app}-stack")
    made = replace(made, stack=named, profile=replace(made.profile, stack=named))
    return made if reached else replace(made, engine_of=Asked().of)
