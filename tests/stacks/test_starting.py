"""Services of a stack are waited for by their health; how far they are is told, and what fails."""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from llmops_cli.core.secret import Secret
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import DeployError, EngineError
from llmops_cli.secret_stores.file import FileStore
from llmops_cli.stacks.beside import Beside
from llmops_cli.stacks.compose import Compose
from llmops_cli.stacks.progress import Pace
from llmops_cli.stacks.pulling import fetch
from llmops_cli.stacks.running import services_on
from llmops_cli.stacks.service import Service
from llmops_cli.stacks.stack import DATA, DEFINITION, SERVICE, Stack
from llmops_cli.stacks.starting import Starting
from tests.engines import BASE, needs_compose
from tests.targets.compose.running_stack import docker

pytestmark = pytest.mark.timeout(60)
KEY = "hf_value_that_nobody_is_to_see"
HASTY = Pace(look=0.1, tell=0.3, alive=0.3, slack=5)
#: Healthy once it has loaded its model, which is when its first process finds the file.
LOADS = "import time; print('Loading 40%', flush=True); time.sleep(1.5); open('/tmp/up', 'w'); "


@dataclass(frozen=True)
class Scripted:
    """Services as texts of Python, each with a health check that runs every second."""

    stack: Stack
    programs: Mapping[str, str]
    definition: str = "1"

    def text(self) -> str:
        services = {
            name: {
                "image": BASE,
                "init": True,
                "restart": "unless-stopped",
                "command": ["python3", "-u", "-c", f"{program}\nimport time; time.sleep(600)"],
                "healthcheck": {
                    "test": ["CMD", "test", "-e", "/tmp/up"],
                    "interval": "0.4s",
                    "retries": 2,
                    "start_period": "0s" if name == "sick" else "60s",
                },
                "labels": {**self.stack.labels(DATA), SERVICE: name, DEFINITION: self.definition},
            }
            for name, program in self.programs.items()
        }
        return json.dumps({"name": self.stack.name, "services": services})


@dataclass
class Bench:
    """A stack of its own, and what was told of it."""

    folder: Path
    stack: Stack = field(default_factory=lambda: Stack(f"llmops-test-{secrets.token_hex(4)}"))
    told: list[str] = field(default_factory=list)

    def starting(self, start_seconds: int = 60, **programs: str) -> Starting:
        store = FileStore(self.folder)
        version = store.write("HF_TOKEN", Secret(KEY))
        services = tuple(Service(name, BASE, start_seconds=start_seconds) for name in programs)
        beside = Beside(tuple(programs), services=services, secret_versions={"HF_TOKEN": version})
        file = Scripted(self.stack, programs)
        compose = Compose(Engine(), self.stack)
        return Starting(compose, file, beside, store, self.told.append, HASTY)

    def ids(self) -> set[str]:
        return {found.id for found in services_on(Engine(), self.stack)}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "secrets")
    yield made
    words = ("compose", "--project-name", made.stack.name, "--file", "-", "down", "--timeout", "0")
    docker(*words, "--remove-orphans", input=Scripted(made.stack, {"any": ""}).text().encode())


@needs_compose
def test_a_model_that_loads_is_told_of_until_it_is_there_and_then_left_alone(bench: Bench) -> None:
    programs = {"vllm": LOADS, "tei": "open('/tmp/up', 'w')"}
    bench.starting(**programs).start(("vllm", "tei"))
    loading = [line for line in bench.told if line.startswith("vllm starts: ")]
    assert loading
    assert all("Loading 40%" in line for line in loading)
    assert any("received" in line for line in loading)
    up = {line.partition(" after")[0] for line in bench.told if " is up " in line}
    assert up == {"vllm is up", "tei is up"}
    before = bench.ids()
    changed = bench.starting(**programs)
    changed = replace(changed, file=Scripted(bench.stack, programs, "2"))
    changed.start(("vllm", "tei"))
    assert bench.ids() == before
    changed.start(("vllm", "tei"), renews=True)
    assert bench.ids().isdisjoint(before)


@needs_compose
def test_a_service_that_ends_again_and_again_is_told_with_its_last_words(bench: Bench) -> None:
    wrong = f"print('the token {KEY} is refused', flush=True); raise SystemExit(3)"
    with pytest.raises(DeployError) as raised:
        bench.starting(vllm=wrong).start(("vllm",))
    error = raised.value
    assert error.message == "vllm does not come up."
    assert "the token *** is refused" in error.evidence
    assert KEY not in "".join([*bench.told, error.evidence])
    assert error.next_step == "llmops logs --service vllm"


@needs_compose
def test_a_service_that_says_that_it_is_not_well_is_told(bench: Bench) -> None:
    with pytest.raises(DeployError) as raised:
        bench.starting(sick="print('out of memory', flush=True)").start(("sick",))
    assert "unhealthy" in raised.value.evidence
    assert "out of memory" in raised.value.evidence


@needs_compose
def test_what_takes_too_long_is_given_up_and_goes_on_loading(bench: Bench) -> None:
    starting = bench.starting(start_seconds=0, vllm="print('Downloading', flush=True)")
    with pytest.raises(DeployError) as raised:
        replace(starting, pace=replace(HASTY, slack=1.5)).start(("vllm",))
    assert "Not healthy after" in raised.value.evidence
    assert "Downloading" in raised.value.evidence
    [loading] = services_on(Engine(), bench.stack)
    assert (loading.state, loading.is_up) == ("running", False)


PULLING = """\
#!/bin/sh
[ "$1" = image ] && exit 1
printf '%s\\n' '1.0: Pulling from vllm' 'aa: Pulling fs layer' 'bb: Pulling fs layer'
printf '%s\\n' 'aa: Already exists' 'bb: Verifying Checksum'
sleep 1.4
"""


def pulled(folder: Path, end: str, pace: Pace = HASTY) -> list[str]:
    program, told = folder / "docker", list[str]()
    program.write_text(PULLING + end)
    program.chmod(0o755)
    try:
        fetch(Engine(str(program)), {"vllm": "vllm/vllm:1.0"}, told.append, pace)
    finally:
        assert told[0] == "vllm: fetches the image vllm/vllm:1.0"
    return told


def test_an_image_on_its_way_is_told_of_though_no_layer_is_new(tmp_path: Path) -> None:
    told = pulled(tmp_path, "echo 'bb: Pull complete'\n")
    assert told[1].startswith("vllm: 1 of 2 layers of vllm/vllm:1.0, ")
    assert told[-1].startswith("vllm: the image is there after ")


def test_an_image_that_cannot_be_had_is_an_error_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as raised:
        pulled(tmp_path, "echo 'no space left on device' >&2; exit 1\n")
    assert "no space left on device" in raised.value.evidence


def test_an_image_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as raised:
        pulled(tmp_path, "sleep 60\n", replace(HASTY, pull=1))
    assert "was not there after" in raised.value.message
