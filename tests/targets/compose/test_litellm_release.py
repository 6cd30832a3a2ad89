"""LiteLLM as a release: the real one, started as the template starts it, passes our checks.

It has an environment of its own, because it does not go with the packages of this one:
LLMOPS_TEST_LITELLM names its program. Its models answer with canned texts, as on a target that
stands alone; it has a master key, and no database.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from llmops_cli.checks.subject import Subject
from llmops_cli.core.check import CheckResult, Verdict
from llmops_cli.core.secret import Secret
from llmops_cli.flows.confirm import confirm
from llmops_cli.flows.project_files import template_texts
from llmops_cli.flows.smoke_test import smoke_test
from tests.project import free_port
from tests.waiting import eventually

PROGRAM = os.environ.get("LLMOPS_TEST_LITELLM", "")
pytestmark = [
    pytest.mark.skipif(not PROGRAM, reason="needs LLMOPS_TEST_LITELLM, the program of LiteLLM"),
    pytest.mark.timeout(240),
]
EXAMPLE = Path(__file__).parents[3] / "examples/aws-ecs-litellm"
RELEASE = "0123456789ab"
KEY, OLDER = "sk-" + "new4711" * 4, "sk-" + "old4711" * 4
PYTHON = str(Path(PROGRAM or "litellm").with_name("python"))


@dataclass(frozen=True)
class Proxy:
    """A running LiteLLM, and where it writes."""

    address: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            pytest.fail(self.log.read_text(errors="replace")[-3000:])
        return httpx2.get(f"{self.address}/health/readiness", timeout=30).status_code == 200

    def chat(self, **headers: str) -> httpx2.Response:
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
        url = f"{self.address}/v1/chat/completions"
        return httpx2.post(url, json=body, headers=headers, timeout=30)


def written(folder: Path) -> Path:
    """Write the files as they are in an image, and return the one to start."""
    texts = template_texts("gateway", "compose", "litellm-proxy", 8000)
    (folder / "start.py").write_text(texts["start.py"])
    # Of the example, which has a database and a cache besides; alone, neither is asked.
    (folder / "litellm.yaml").write_text((EXAMPLE / "litellm.yaml").read_text())
    return folder / "start.py"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("litellm")
    # A secret is a file in a container of a stack; on ECS it is a variable.
    (folder / "LITELLM_MASTER_KEY").mkdir()
    (folder / "LITELLM_MASTER_KEY/value").write_text(f"{KEY},{OLDER}\n")
    port = str(free_port())
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PORT": port,
        "LLMOPS_RELEASE": RELEASE,
        "LLMOPS_STAND_ALONE": "on",
        "LITELLM_MASTER_KEY_FILE": str(folder / "LITELLM_MASTER_KEY/value"),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_MODE": "PRODUCTION",
    }
    log = folder / "output.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [PYTHON, str(written(folder))], env=environment, stdout=output, stderr=output
        )
    try:
        made = Proxy(f"http://127.0.0.1:{port}", process, log)
        # It loads for 8 s on a machine that does nothing else, and for a minute on a busy one.
        with contextlib.suppress(AssertionError):
            eventually(made.is_ready)
        eventually(made.is_ready)
        yield made
    finally:
        process.kill()
        process.wait(30)


def checked(proxy: Proxy, key: str) -> dict[str, CheckResult]:
    subject = Subject(
        url=proxy.address, credential=Secret(key), expected_release=RELEASE, model="gpt-4o"
    )
    return {result.name: result for result in smoke_test(subject).results}


@pytest.mark.parametrize("key", [KEY, OLDER])
def test_our_checks_pass_with_the_master_key_and_with_the_one_before(
    proxy: Proxy, key: str
) -> None:
    results = checked(proxy, key)
    assert not [one for one in results.values() if one.verdict is Verdict.FAILED], results
    passed = {name for name, one in results.items() if one.verdict is Verdict.PASSED}
    assert {"readiness", "release", "models", "chat", "streaming", "latency"} <= passed
    assert {"refuses-missing-credential", "refuses-wrong-credential"} <= passed
    # LiteLLM has none of our own routes, and is not asked for them.
    assert results["session-memory"].verdict is Verdict.SKIPPED
    assert "/health/liveliness" in results["liveness"].evidence


def test_a_deploy_is_confirmed_by_the_release_that_answers(proxy: Proxy) -> None:
    confirm(proxy.address, RELEASE, wanted=5)


def test_models_and_chat_have_the_shapes_of_openai_and_other_keys_are_refused(
    proxy: Proxy,
) -> None:
    said = proxy.chat(authorization=f"Bearer {KEY}")
    assert said.json()["choices"][0]["message"]["content"].startswith("This is gpt-4o.")
    assert proxy.chat(**{"x-api-key": KEY}).status_code == 200
    models = httpx2.get(
        f"{proxy.address}/v1/models", headers={"authorization": f"Bearer {KEY}"}, timeout=30
    )
    assert [model["id"] for model in models.json()["data"]] == ["gpt-4o"]
    for headers in ({}, {"authorization": "Bearer sk-wrong"}, {"authorization": KEY[:-1]}):
        refused = proxy.chat(**headers)
        assert refused.status_code == 401
        assert refused.json()["error"]["code"] == "401"
        assert refused.headers["x-release"] == RELEASE
    assert httpx2.get(f"{proxy.address}/health", timeout=30).status_code == 401


def test_crawlers_are_sent_away(proxy: Proxy) -> None:
    robots = httpx2.get(f"{proxy.address}/robots.txt", timeout=30)
    assert robots.status_code == 200
    assert robots.text == "User-agent: *\nDisallow: /\n"


def test_no_key_is_in_its_command_line_or_its_log(proxy: Proxy) -> None:
    command = Path(f"/proc/{proxy.process.pid}/cmdline").read_bytes().decode()
    for value in (KEY, OLDER):
        assert value not in command + proxy.log.read_text()


def test_without_a_master_key_it_does_not_start(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "LITELLM_MASTER_KEY": " , "}
    done = subprocess.run(
        [PYTHON, str(written(tmp_path))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "LITELLM_MASTER_KEY is empty" in done.stderr


def test_it_finishes_what_it_has_begun_when_it_is_told_to_stop(proxy: Proxy) -> None:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
    headers = {"authorization": f"Bearer {KEY}"}
    url = f"{proxy.address}/v1/chat/completions"
    with httpx2.stream("POST", url, json=body, headers=headers, timeout=30) as stream:
        lines = stream.iter_lines()
        first = next(lines)
        proxy.process.terminate()
        rest = [line for line in lines if line]
    assert first.startswith("data: ")
    assert rest[-1] == "data: [DONE]"
    assert proxy.process.wait(30) in (0, -15)
