"""`llmops push`, as operators run it: a commit goes to a registry once, whatever goes wrong."""

import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from llmops_cli.config.environment import api_environment, required_secrets
from llmops_cli.config.load import load
from tests.engines import needs_engine, needs_registry
from tests.images.small import unique
from tests.project import API_KEY, Project, make_project
from tests.registries import servers
from tests.registries.faulty_proxy import Fault, FaultyProxy
from tests.registries.seeded import seed
from tests.registries.servers import PASSWORD, USER, RunningRegistry

pytestmark = [needs_engine, needs_registry]
#: A layer of its own for every test, and no base image, so that it is made in a second.
DOCKERFILE = "FROM scratch\nCOPY prompts /prompts\n"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with servers.with_password(tmp_path_factory.mktemp("locked")) as registry:
        yield registry


@pytest.fixture
def proxy(locked: RunningRegistry) -> Iterator[FaultyProxy]:
    with FaultyProxy(locked.port) as running:
        yield running
        assert not [request for request in running.requests if "latest" in request]


@pytest.fixture
def project(tmp_path: Path, proxy: FaultyProxy) -> Iterator[Project]:
    """A project whose images go to a registry that wants a password, which is set."""
    made = make_project(tmp_path / "chat")
    name = unique()
    use_registry(made, proxy.host, name)
    made.write("Dockerfile", DOCKERFILE)
    made.write("prompts/system.md", f"You are {name}.\n")
    made.commit("Run as containers")
    docker = tmp_path / "docker"
    docker.mkdir()
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    made.environment = {"DOCKER_CONFIG": str(docker), "TMPDIR": str(temporary)}
    try:
        made.ok("secrets", "set", "REGISTRY_PASSWORD", input=PASSWORD)
        yield made
        assert list(temporary.iterdir()) == []
        assert not (docker / "config.json").exists()
    finally:
        remove(name)


def use_registry(project: Project, host: str, name: str) -> None:
    project.write(
        "llmops.toml",
        f'name = "{name}"\n[api]\nsystem_prompt = "prompts/system.md"\n'
        f'[image]\nrepository = "{host}/team/{name}"\ndockerfile = "Dockerfile"\n'
        f'username = "{USER}"\npassword_secret = "REGISTRY_PASSWORD"\n'
        f"[targets.compose]\nport = {project.port}\n",
    )


def remove(name: str) -> None:
    """Remove what a test has put into the engine."""
    images = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]
    volumes = ["docker", "volume", "ls", "--format", "{{.Name}}"]
    for command, end in ((images, ["rmi", "-f"]), (volumes, ["volume", "rm"])):
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        mine = [line for line in listed.splitlines() if name in line]
        subprocess.run(["docker", *end, *mine], capture_output=True, check=False)


def repository_of(project: Project) -> str:
    lines = (project.root / "llmops.toml").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("repository")]
    return line.split('"')[1].partition("/")[2]


def head(project: Project) -> str:
    return project.git("rev-parse", "HEAD")[:12]


def test_a_commit_is_published_once_and_pinned_by_its_digest(
    project: Project, proxy: FaultyProxy, locked: RunningRegistry
) -> None:
    first = project.ok("push", "--json").document
    path = repository_of(project)
    digest = locked.digest(path, head(project))
    assert first["digest"] == digest
    assert first["pin"] == f"{proxy.host}/{path}@{digest}"
    proxy.seen.clear()
    again = project.ok("push", "--json").document
    assert (again["digest"], again["pin"]) == (digest, first["pin"])
    assert {request.partition(" ")[0] for request in proxy.requests} == {"GET"}
    assert locked.tags(path) == [head(project)]


def test_what_changes_is_all_that_is_sent(project: Project, proxy: FaultyProxy) -> None:
    project.write("Dockerfile", "FROM scratch\nCOPY big /big\nCOPY prompts /prompts\n")
    (project.root / "big").write_bytes(bytes(range(256)) * 4000)
    project.commit("Carry much")
    project.ok("push")
    whole = proxy.uploaded()
    proxy.seen.clear()
    project.change("Be brief.")
    project.ok("push")
    assert 0 < proxy.uploaded() < whole


def test_a_wrong_password_is_told_and_appears_nowhere(project: Project) -> None:
    wrong = "wrong-sentinel-password"
    project.ok("secrets", "set", "REGISTRY_PASSWORD", input=wrong)
    run = project.llmops("push", "--verbose")
    assert run.status == 5, run.said
    assert "llmops secrets set REGISTRY_PASSWORD" in run.err
    assert wrong not in run.said
    assert "Traceback" not in run.said


def test_a_password_without_a_value_is_told(project: Project, proxy: FaultyProxy) -> None:
    name = repository_of(project).rpartition("/")[2]
    text = (project.root / "llmops.toml").read_text()
    project.write("llmops.toml", text.replace("REGISTRY_PASSWORD", "OTHER_PASSWORD"))
    project.commit(name)
    run = project.llmops("push")
    assert run.status == 4, run.said
    assert "llmops secrets set OTHER_PASSWORD" in run.err


def test_a_connection_that_is_cut_once_does_no_harm(
    project: Project, proxy: FaultyProxy, locked: RunningRegistry
) -> None:
    proxy.faults = [Fault("PUT .*/manifests/")]
    digest = project.ok("push", "--json").document["digest"]
    assert digest == locked.digest(repository_of(project), head(project))
    assert proxy.faults[0].times == 0


def test_an_interrupted_push_can_be_run_again(project: Project, proxy: FaultyProxy) -> None:
    proxy.faults = [Fault("PATCH ", times=99, after=100)]
    with project.popen("push", "--verbose") as process:
        assert process.stderr is not None
        assert any("Retrying" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said
    proxy.faults.clear()
    project.ok("push")


def test_a_connection_that_is_always_cut_is_told(
    project: Project, proxy: FaultyProxy, locked: RunningRegistry
) -> None:
    proxy.faults = [Fault("PUT .*/manifests/", times=99)]
    run = project.llmops("push")
    assert run.status == 7, run.said
    assert "serving still" in run.err
    assert locked.tags(repository_of(project)) == []


def test_a_registry_without_room_is_told(project: Project, tmp_path: Path) -> None:
    if not servers.may_mount(tmp_path):
        pytest.skip("needs the right to mount a small disk")
    (project.root / "prompts" / "big").write_bytes(
        b"".join(f"{n}".encode() for n in range(200_000))
    )
    name = repository_of(project).rpartition("/")[2]
    with servers.without_room(tmp_path / "full", kibibytes=200) as full:
        use_registry(project, full.host, name)
        project.commit("Carry much")
        run = project.llmops("push")
    assert run.status == 7, run.said
    assert "no space left" in run.err


def test_a_tag_of_another_commit_is_never_overwritten(
    project: Project, locked: RunningRegistry
) -> None:
    login = (USER, PASSWORD)
    labels = {"org.opencontainers.image.revision": "d" * 40}
    path = repository_of(project)
    theirs = seed(locked.url, path, head(project), labels, login=login)
    run = project.llmops("push")
    assert run.status == 7, run.said
    assert "d" * 40 in run.err
    assert locked.digest(path, head(project)) == theirs


def test_two_operators_who_push_one_commit_at_once_get_one_digest(
    project: Project, locked: RunningRegistry
) -> None:
    with ThreadPoolExecutor(2) as operators:
        runs = list(operators.map(lambda _: project.llmops("push", "--json"), range(2)))
    assert [run.status for run in runs] == [0, 0], [run.said for run in runs]
    digest = locked.digest(repository_of(project), head(project))
    assert [run.document["digest"] for run in runs] == [digest, digest]


def test_the_api_is_never_given_the_password_of_the_registry(project: Project) -> None:
    project.ok("secrets", "set", "LLMOPS_API_KEY", input=API_KEY)
    checked = project.ok("secrets", "check").said
    assert "LLMOPS_API_KEY" in checked
    assert "REGISTRY_PASSWORD" not in checked
    config = load(project.root)
    assert "REGISTRY_PASSWORD" not in required_secrets(config)
    assert "REGISTRY_PASSWORD" not in str(api_environment(config))
