"""A secret's value goes through every command, and is then nowhere but in its own file."""

import base64
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from tests.project import Project, Run, make_project
from tests.serve import scripted_upstream
from tests.serve.scripted_upstream import (
    DONE,
    Handler,
    ScriptedUpstream,
    answers,
    event,
    says,
    streams,
)

#: With characters that an encoding would change, so that the encoded form is another text.
KEY = "llmops-sentinel+key/4f0c2b9d7e=~0123"
UPSTREAM_KEY = "upstream-sentinel+key/91a7d3c5=~4567"
ROTATED = "rotated-sentinel+key/77e1b0a2=~89ab"
VALUES = (KEY, UPSTREAM_KEY, ROTATED)

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc")


def forms(value: str) -> Iterator[bytes]:
    """A value as it is and as it would be in a URL, in JSON or in base64, wherever it begins."""
    yield value.encode()
    yield quote(value).encode()
    yield quote(value, safe="").encode()
    for offset in range(3):
        encoded = base64.b64encode(b" " * offset + value.encode())
        # The first and last characters depend on what stands beside the value.
        yield encoded[4:-4]
        yield encoded[4:-4].translate(bytes.maketrans(b"+/", b"-_"))


NEEDLES = [form for value in VALUES for form in forms(value)]


def leaks(text: bytes) -> bool:
    return any(needle in text for needle in NEEDLES)


@dataclass
class Witness:
    """Looks, for as long as the context lasts, at every process of the project, over and over."""

    root: Path
    seen: set[int] = field(default_factory=set)
    guilty: list[str] = field(default_factory=list)
    _ending: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Witness":
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ending.set()
        self._thread.join()

    def look(self) -> None:
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal() and int(folder.name) != os.getpid():
                self._look_at(folder)

    def _watch(self) -> None:
        while not self._ending.wait(0.02):
            self.look()

    def _look_at(self, folder: Path) -> None:
        try:
            argv, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
            is_ours = str(self.root) in f"{argv!r} {environment!r} {(folder / 'cwd').readlink()}"
        except OSError:
            return  # It has ended, or belongs to somebody else.
        if is_ours:
            self.seen.add(int(folder.name))
            for name, text in (("argv", argv), ("environment", environment)):
                if leaks(text):
                    self.guilty.append(f"{name} of {argv!r}")


@pytest.fixture
def upstream() -> Iterator[ScriptedUpstream]:
    with scripted_upstream.running() as running:
        yield running


@pytest.fixture
def project(tmp_path: Path, upstream: ScriptedUpstream) -> Iterator[Project]:
    """A project in front of an upstream, without a value for either secret yet."""
    lines = (
        'model = "m"\n[[api.upstreams]]\nname = "scripted"\nmodels = ["m"]\n'
        f'base_url = "{upstream.base_url}"\nsecret = "SCRIPTED_KEY"\n'
    )
    made = make_project(tmp_path / "chat", api=lines)
    (made.state / "secrets" / "LLMOPS_API_KEY" / "1").unlink()
    made.environment = {"GITHUB_STEP_SUMMARY": str(made.root / "summary.md")}
    settings = (made.root / "llmops.toml").read_text()
    made.write("llmops.toml", settings.replace("[checks]", "[checks]\nrecall = false"))
    made.write(".gitignore", ".llmops/\nsummary.md\njunit.xml\nvalue\n")
    made.commit("Ignore reports")
    yield made
    made.close()


def files_that_leak(root: Path) -> list[str]:
    """The files of a project, in folders of any name, that hold a value where they should not."""
    kept = root / ".llmops" / "local" / "secrets"
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    return [
        str(path)
        for path in files
        if kept not in path.parents and leaks(str(path).encode() + path.read_bytes())
    ]


def git_objects(project: Project) -> bytes:
    """Everything that git keeps, unpacked."""
    return subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch"],
        cwd=project.root,
        capture_output=True,
        check=True,
    ).stdout


def talks(handler: Handler) -> None:
    """Answer as a model does, in pieces where that is asked for."""
    is_stream = handler.upstream.calls[-1].fields.get("stream")
    act = streams(event("Hel"), event("lo."), DONE) if is_stream else answers("Hello.")
    act(handler)


def repeats_the_key(handler: Handler) -> None:
    """Refuse, as some do, with the key that was presented in the message."""
    says(401, handler.headers["Authorization"].encode())(handler)


def live_through(project: Project, upstream: ScriptedUpstream) -> Iterator[Run]:
    """Run every command that comes near a value, those that fail too."""
    junit = str(project.root / "junit.xml")

    def run(status: int, command: str, *more: str, input: str | None = None) -> Run:
        ended = project.by_itself(*command.split(), *more, input=input)
        assert ended.status == status, ended.said
        return ended

    upstream.plays(*[talks] * 1000)
    yield run(4, "deploy")
    yield run(0, "secrets set LLMOPS_API_KEY", input=KEY)
    project.write("value", UPSTREAM_KEY)
    yield run(0, "--json secrets set SCRIPTED_KEY --file", str(project.root / "value"))
    (project.root / "value").unlink()
    for command in ("secrets list", "secrets check", "plan"):
        yield run(0, command, "--verbose")
        yield run(0, command, "--json")
    yield run(0, "--verbose deploy --name first")
    yield run(0, "smoke-test --no-recall --junit", junit)
    yield run(0, "--json smoke-test --no-recall")
    upstream.script.extendleft([repeats_the_key] * 20)
    yield run(10, "smoke-test --no-recall")
    yield run(10, "--json smoke-test --no-recall --junit", junit)
    project.change("A release for which the upstream has no answer")
    yield run(8, "--verbose deploy")
    upstream.reset()
    upstream.plays(*[talks] * 1000)
    yield run(0, "secrets set LLMOPS_API_KEY", input=ROTATED)
    yield run(0, "--json --verbose deploy")
    yield run(0, "--verbose rollback")
    yield run(11, "rollback nope")
    for command in ("status", "releases", "logs -n 1000"):
        yield run(0, command, "--verbose")
        yield run(0, command, "--json")
    yield run(0, "stop --yes")
    yield run(0, "--json start")


def test_a_value_is_in_no_output_file_argument_environment_or_history(
    project: Project, upstream: ScriptedUpstream
) -> None:
    with Witness(project.root) as witness:
        for run in live_through(project, upstream):
            assert not leaks(run.said.encode()), run.said
        answer = httpx2.get(f"{project.url}/v1/models", headers={"x-api-key": KEY})
        assert answer.status_code == 200
        witness.look()
        serving = set(project.processes().values())
    assert any(call.headers["Authorization"] == f"Bearer {UPSTREAM_KEY}" for call in upstream.calls)
    assert serving <= witness.seen
    assert len(witness.seen) > 20
    assert witness.guilty == []
    assert files_that_leak(project.root) == []
    assert not leaks(git_objects(project))


def test_the_sentinel_is_found_where_it_is(tmp_path: Path) -> None:
    for form in NEEDLES:
        assert leaks(b"before " + form + b" after")
    assert leaks(base64.b64encode(b"user:" + KEY.encode() + b" and more"))
    (tmp_path / "report.txt").write_text(f"Bearer {ROTATED}")
    assert files_that_leak(tmp_path) == [str(tmp_path / "report.txt")]
    waits = [sys.executable, "-c", "print('runs', flush=True); input()", KEY]
    with (
        Witness(tmp_path) as witness,
        subprocess.Popen(
            waits,
            cwd=tmp_path,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"VALUE": UPSTREAM_KEY},
        ) as process,
    ):
        # Only when it runs: while it is being started its arguments cannot be read.
        assert process.stdout is not None
        assert process.stdout.readline() == b"runs\n"
        witness.look()
        process.communicate(b"\n")
    assert {text.split()[0] for text in witness.guilty} == {"argv", "environment"}
