"""The login for a push is shown to the registry, and is nowhere else, while it runs and after."""

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmops_cli.config.image import ImageSettings
from llmops_cli.core.image import Image, quiet
from llmops_cli.core.secret import Secret
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import AccessError, PreflightError
from llmops_cli.images.private_login import private_login
from llmops_cli.images.publish import publish
from llmops_cli.images.registry_of import registry_of
from llmops_cli.registries.login import Fixed, Login
from llmops_cli.registries.oci import Registry, make_registry
from llmops_cli.registries.reference import parse
from llmops_cli.secret_stores.file import FileStore
from tests.engines import needs_engine, needs_registry
from tests.images.small import held, labels_of, release_of, unique
from tests.registries import servers
from tests.registries.faulty_proxy import Fault, FaultyProxy
from tests.registries.servers import PASSWORD, USER, RunningRegistry
from tests.registries.token_server import IDENTITY_TOKEN

pytestmark = [needs_engine, needs_registry]
RELEASE = release_of()
ENCODED = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
WRONG = "wrong-sentinel-password"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with servers.with_password(tmp_path_factory.mktemp("locked")) as registry:
        yield registry


@pytest.fixture
def image(locked: RunningRegistry) -> Iterator[Image]:
    with held(f"{locked.host}/team/{unique()}:c0ffee", labels_of(RELEASE)) as made:
        yield made


@dataclass
class Machine:
    """The operator's folders, and a `docker` on the PATH that notes how it was called."""

    docker: Path
    temporary: Path
    notes: Path

    def calls(self) -> str:
        return self.notes.read_text()


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine(tmp_path / "docker", tmp_path / "tmp", tmp_path / "notes")
    programs = tmp_path / "bin"
    for folder in (made.docker, made.temporary, programs):
        folder.mkdir()
    shim = programs / "docker"
    shim.write_text(
        f"#!/bin/sh\n{{ echo docker \"$@\"; env; stat -c '%a %n' {made.temporary}/*/* "
        f"{made.temporary}/*; }} >>{made.notes} 2>/dev/null\n"
        f'exec {shutil.which("docker")} "$@"\n'
    )
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_CONFIG", str(made.docker))
    monkeypatch.delenv("DOCKER_AUTH_CONFIG", raising=False)
    monkeypatch.setenv("TMPDIR", str(made.temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return made


def push(image: Image, login: Login | None, engine: Engine | None = None) -> Image:
    registry = Registry(parse(image.repository), Fixed(login))
    return publish(engine or Engine(), image, RELEASE, registry, quiet)


def ci(password: str = PASSWORD) -> Login:
    return Login(USER, Secret(password), origin="secret REGISTRY_PASSWORD", remedy="llmops secrets")


def test_the_login_is_in_no_argument_no_variable_and_no_file_that_stays(
    locked: RunningRegistry, image: Image, machine: Machine
) -> None:
    pushed = push(image, ci())
    assert pushed.digest == locked.digest(image.repository.partition("/")[2], "c0ffee")
    calls = machine.calls()
    assert " push " in calls
    assert PASSWORD not in calls
    assert ENCODED not in calls
    assert list(machine.temporary.iterdir()) == []
    assert list(machine.docker.iterdir()) == []


def test_while_it_runs_the_login_can_be_read_by_us_only(image: Image, machine: Machine) -> None:
    push(image, ci())
    modes = [line.split() for line in machine.calls().splitlines() if "/llmops-login-" in line]
    modes = [words for words in modes if len(words) == 2 and words[0].isdecimal()]
    assert {mode for mode, name in modes if name.endswith("/config.json")} == {"600"}
    assert {mode for mode, name in modes if "/" not in name.partition("/llmops-login-")[2]} == {
        "700"
    }


@pytest.mark.parametrize("login", [ci(WRONG), None])
def test_a_wrong_password_is_an_access_error_before_anything_is_sent(
    image: Image, machine: Machine, login: Login | None
) -> None:
    with pytest.raises(AccessError) as raised:
        push(image, login)
    assert raised.value.exit_status == 5
    assert WRONG not in str(raised.value.as_dict())
    assert " push " not in machine.calls()


def test_a_password_that_is_changed_meanwhile_is_an_access_error(
    locked: RunningRegistry, image: Image, machine: Machine
) -> None:
    class Changing:
        """What is read at first is right, and what is read for the push is not."""

        answers = [ci(), ci(WRONG), ci(WRONG)]

        def login(self) -> Login:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    with pytest.raises(AccessError) as raised:
        publish(Engine(), image, RELEASE, Registry(parse(image.repository), Changing()), quiet)
    assert " push " in machine.calls()
    assert list(machine.temporary.iterdir()) == []
    assert raised.value.next_step == "llmops secrets"


def test_logins_that_docker_has_stored_are_used_and_left_alone(
    locked: RunningRegistry, image: Image, machine: Machine
) -> None:
    logged_in = subprocess.run(
        ["docker", "login", "-u", USER, "--password-stdin", locked.host],
        input=PASSWORD.encode(),
        capture_output=True,
        check=False,
    )
    assert logged_in.returncode == 0, logged_in.stderr
    before = (machine.docker / "config.json").read_bytes()
    registry = make_registry(image.repository)
    assert publish(Engine(), image, RELEASE, registry, quiet).digest
    assert (machine.docker / "config.json").read_bytes() == before


def test_a_credential_helper_is_asked_and_its_answer_kept_nowhere(
    image: Image, machine: Machine, tmp_path: Path
) -> None:
    helper = tmp_path / "bin" / "docker-credential-test"
    answer = json.dumps({"Username": USER, "Secret": PASSWORD})
    helper.write_text(f"#!/bin/sh\ncat >/dev/null\necho '{answer}'\n")
    helper.chmod(0o755)
    (machine.docker / "config.json").write_text('{"credsStore": "test"}')
    assert publish(Engine(), image, RELEASE, make_registry(image.repository), quiet).digest
    assert list(machine.temporary.iterdir()) == []
    assert (machine.docker / "config.json").read_text() == '{"credsStore": "test"}'


def test_a_context_of_the_operator_goes_on_working(image: Image, machine: Machine) -> None:
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    _docker("context", "create", "mine", "--docker", f"host={host}")
    _docker("context", "use", "mine")
    with private_login(parse(image.repository), ci(), machine.docker) as folder:
        assert _docker("--config", str(folder), "context", "show") == "mine"
        assert _docker("--config", str(folder), "version", "--format", "{{.Server.Os}}") == "linux"
    assert push(image, ci(), Engine(context="mine")).digest
    assert (machine.docker / "contexts").is_dir()


def _docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, check=True, text=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    "login", [ci(), Login("<token>", Secret(IDENTITY_TOKEN), is_token=True)], ids=["user", "token"]
)
def test_registries_with_tokens_are_pushed_to(tmp_path: Path, login: Login) -> None:
    with (
        servers.with_tokens(tmp_path / "tokened") as (registry, tokens),
        held(f"{registry.host}/team/{unique()}:c0ffee", labels_of(RELEASE)) as image,
    ):
        pushed = push(image, login)
        assert pushed.digest == registry.digest(image.repository.partition("/")[2], "c0ffee")
        assert len(tokens.asked) > 1


def test_a_login_that_a_killed_push_left_behind_is_removed_by_the_next(
    image: Image, machine: Machine
) -> None:
    with subprocess.Popen(["true"]) as ended:
        pass
    left = machine.temporary / f"llmops-login-{ended.pid}-x"
    running = machine.temporary / f"llmops-login-{os.getpid()}-x"
    for folder in (left, running):
        folder.mkdir()
        (folder / "config.json").write_text("{}")
    push(image, ci())
    assert list(machine.temporary.iterdir()) == [running]


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_push_leaves_no_login_behind(
    locked: RunningRegistry, machine: Machine, sign: signal.Signals
) -> None:
    with (
        FaultyProxy(locked.port) as proxy,
        held(f"{proxy.host}/team/{unique()}:c0ffee", labels_of(RELEASE)) as image,
    ):
        proxy.faults = [Fault("PATCH ", times=99, after=1000)]
        words = [sys.executable, "-m", "tests.images.pushing", image.name, image.id]
        with subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(PASSWORD + "\n")
            process.stdin.flush()
            assert any("Retrying" in line for line in process.stdout)
            (folder,) = machine.temporary.iterdir()
            assert ENCODED in (folder / "config.json").read_text()
            process.send_signal(sign)
            _, errors = process.communicate(timeout=30)
        assert "KeyboardInterrupt" in errors
    assert list(machine.temporary.iterdir()) == []


def test_the_password_of_the_project_file_comes_from_the_store_when_it_is_needed(
    image: Image, tmp_path: Path
) -> None:
    store = FileStore(tmp_path / "secrets")
    settings = ImageSettings(
        repository=image.repository, username=USER, password_secret="REGISTRY_PASSWORD"
    )
    registry = registry_of(settings, store)
    assert registry is not None
    with pytest.raises(PreflightError, match="REGISTRY_PASSWORD") as raised:
        publish(Engine(), image, RELEASE, registry, quiet)
    assert raised.value.next_step == "llmops secrets set REGISTRY_PASSWORD"
    store.write("REGISTRY_PASSWORD", Secret(WRONG))
    with pytest.raises(AccessError) as refused:
        publish(Engine(), image, RELEASE, registry, quiet)
    assert refused.value.next_step == "llmops secrets set REGISTRY_PASSWORD"
    assert "REGISTRY_PASSWORD" in refused.value.message
    store.write("REGISTRY_PASSWORD", Secret(PASSWORD))
    assert publish(Engine(), image, RELEASE, registry, quiet).digest


def test_without_a_repository_there_is_no_registry(tmp_path: Path) -> None:
    assert registry_of(ImageSettings(), FileStore(tmp_path)) is None


def test_the_login_is_for_one_registry_and_the_others_stay_where_they_are(
    image: Image, machine: Machine, tmp_path: Path
) -> None:
    other = {"auths": {"other.example.com": {"auth": "b3RoZXI6cGFzcw=="}}, "credsStore": "absent"}
    (machine.docker / "config.json").write_text(json.dumps(other))
    copy = tmp_path / "copy"
    shim = tmp_path / "bin" / "docker"
    shim.write_text(
        f"#!/bin/sh\ncp {machine.temporary}/*/config.json {copy} 2>/dev/null\n"
        f'exec /usr/bin/env -i PATH=/usr/local/bin:/usr/bin:/bin docker "$@"\n'
    )
    push(image, ci())
    assert json.loads(copy.read_text()) == {
        "auths": {image.name.partition("/")[0]: {"auth": ENCODED}}
    }
