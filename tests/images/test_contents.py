"""What goes into an image besides the API: routes, packages, Dockerfiles of the project's own."""

import json
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from llmops_cli.errors import BuildError, PreflightError, SecretFoundError
from tests.engines import BASE, needs_engine, needs_registry
from tests.images.building import docker, files, making, running
from tests.images.small import held, unique
from tests.project import API_KEY
from tests.registries import servers
from tests.waiting import eventually

pytestmark = needs_engine
_PIP = (
    *(sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps"),
    *("--quiet", "--report", "-"),
)
_ROUTES = """\
import fastapi
import iniconfig

router = fastapi.APIRouter()


@router.get("/where")
def where() -> dict[str, str]:
    return {"package": iniconfig.__file__, "routes": __file__}
"""


def test_routes_of_the_project_and_the_packages_that_they_need_are_in_the_image(
    tmp_path: Path,
) -> None:
    lines = 'requirements = "requirements.txt"\nport = 8100\n'
    with making(tmp_path / "chat", image=lines, api='routers = ["my_routes:router"]') as made:
        made.project.write("my_routes.py", _ROUTES)
        made.project.write("requirements.txt", _locked("iniconfig"))
        made.project.commit("Add routes")
        image = made.build()
        assert "/packages/iniconfig/__init__.py" in files(image)
        with running(image.id, tmp_path, container_port=8100) as container:
            key = {"Authorization": f"Bearer {API_KEY}"}
            answer = eventually(lambda: httpx2.get(f"{container.url}/where", headers=key))
            assert answer.json() == {
                "package": "/packages/iniconfig/__init__.py",
                "routes": "/app/my_routes.py",
            }
            eventually(lambda: container.health == "healthy")


def test_packages_that_do_not_agree_with_each_other_are_told(tmp_path: Path) -> None:
    with making(tmp_path / "chat", image='requirements = "requirements.txt"') as made:
        # Starlette needs anyio, at a version that this one is not.
        made.project.write("requirements.txt", _locked("anyio==3.0.0"))
        made.project.commit("Pin an old package")
        with pytest.raises(BuildError) as raised:
            made.build()
        assert "anyio 3.0.0" in raised.value.evidence


def test_a_file_that_the_project_names_must_not_be_left_out(tmp_path: Path) -> None:
    with making(tmp_path / "chat") as made:
        made.project.write(".dockerignore", "prompts\n")
        made.project.commit("Leave out too much")
        with pytest.raises(PreflightError, match=r"prompts/system\.md") as raised:
            made.build()
        assert ".dockerignore" in raised.value.evidence


def test_a_model_of_the_commit_is_a_layer_of_its_own(tmp_path: Path) -> None:
    upstream = '[[api.upstreams]]\nname = "engine"\ngguf = "models/tiny.gguf"\nmodels = ["tiny"]'
    with making(tmp_path / "chat", api=f'model = "tiny"\n{upstream}') as made:
        made.project.write("models/tiny.gguf", "GGUF" * 1000)
        made.project.commit("Add a model")
        dockerfile = tmp_path / "context"
        dockerfile.mkdir()
        made.write_context(dockerfile)
        text = (dockerfile / "Dockerfile").read_text()
        assert text.index("COPY --from=models") < text.index("COPY --from=project /")
        assert (dockerfile / "models/app/models/tiny.gguf").is_file()
        assert not (dockerfile / "app/models").exists()
        assert "xllamacpp==" in (dockerfile / "requirements.txt").read_text()


def test_settings_of_the_project_file_arrive_as_they_are(tmp_path: Path) -> None:
    model = 'a$HOME\\ "b" $PATH \\n é # \''
    lines = [
        f"model = {json.dumps(model)}",
        '[[api.upstreams]]\nname = "one"\nbase_url = "https://one.example/v1"\nauth = "none"',
        f"models = [{json.dumps(model)}]",
    ]
    with making(tmp_path / "chat", api="\n".join(lines)) as made:
        text = docker("image", "inspect", "-f", "{{json .Config.Env}}", made.build().id)
        variables = dict(line.split("=", 1) for line in json.loads(text))
        assert variables["LLMOPS_MODEL"] == model
        assert json.loads(variables["LLMOPS_UPSTREAMS"])[0]["models"] == [model]


def test_a_dockerfile_of_the_project_is_built_with_the_files_of_the_commit(
    tmp_path: Path,
) -> None:
    with making(tmp_path / "chat", image='dockerfile = "docker/Dockerfile"') as made:
        made.project.write("docker/Dockerfile", f"FROM {BASE}\nCOPY . /src/\nUSER 10002\n")
        made.project.write(".dockerignore", "*.md\ndocker\n")
        made.project.write("README.md", "For people.\n")
        made.project.write(".env", "KEY=never\n")
        made.project.commit("Bring a Dockerfile")
        made.project.write("uncommitted.txt", "never\n")
        image = made.build()
        assert {path for path in files(image) if path.startswith("/src/")} == {
            *("/src/", "/src/.dockerignore", "/src/.gitignore", "/src/llmops.toml"),
            *("/src/prompts/", "/src/prompts/system.md"),
        }
        template = '{{index .Config.Labels "llmops.tree"}}'
        assert docker("image", "inspect", "-f", template, image.id) == made.release.tree
        assert made.images.built(made.release) == image


def test_a_dockerfile_that_the_commit_lacks_is_told(tmp_path: Path) -> None:
    with making(tmp_path / "chat", image='dockerfile = "Dockerfile"') as made:
        made.project.write("Dockerfile", "FROM scratch\n")
        with pytest.raises(PreflightError, match="commit has no Dockerfile"):
            made.build()


def test_a_secret_of_the_project_is_not_sent_to_the_builder_though_no_layer_would_have_it(
    tmp_path: Path,
) -> None:
    with making(tmp_path / "chat", image='dockerfile = "Dockerfile"') as made:
        made.project.write("Dockerfile", f"FROM {BASE}\nCOPY prompts /prompts\n")
        made.project.write("notes.txt", f"the key is {API_KEY}\n")
        made.project.commit("Note the key")
        told: list[str] = []
        with pytest.raises(SecretFoundError) as raised:
            made.build(told.append)
        assert raised.value.evidence == "LLMOPS_API_KEY: notes.txt, line 1"
        assert API_KEY not in str(raised.value.as_dict())
        assert told == []
        made.project.write(".dockerignore", "notes.txt\n")
        made.project.commit("Leave out the note")
        made.build()


def test_a_ready_made_image_is_run_as_it_is(tmp_path: Path) -> None:
    with making(tmp_path / "chat", image=f'reference = "{BASE}"') as made:
        found = made.images.find(made.release)
        assert found is not None
        assert made.build() == found
        assert found.name == BASE
        assert found.reference == docker("image", "inspect", "-f", "{{.Id}}", BASE)
        assert not made.images.is_published
        assert made.images.scan(found, {}) == ()


@needs_registry
def test_a_ready_made_image_is_pulled_and_pinned_by_the_digest_of_its_registry(
    tmp_path: Path,
) -> None:
    with servers.running(tmp_path / "registry") as registry:
        name = f"{registry.host}/team/{unique()}:1.0"
        with held(name, {}) as image:
            docker("push", "-q", name)
            docker("rmi", "-f", image.id)
            with making(tmp_path / "chat", image=f'reference = "{name}"') as made:
                assert made.images.find(made.release) is None
                pulled = made.build()
                digest = registry.digest(name.partition("/")[2].partition(":")[0], "1.0")
                assert pulled.reference == f"{name.removesuffix(':1.0')}@{digest}"
                assert made.images.find(made.release) == pulled


def test_a_ready_made_image_that_is_nowhere_is_told(tmp_path: Path) -> None:
    reference = "127.0.0.1:9/llmops-test/none:1.0"
    with making(tmp_path / "chat", image=f'reference = "{reference}"') as made:
        assert made.images.find(made.release) is None
        with pytest.raises(BuildError, match="cannot be pulled") as raised:
            made.build()
        assert "127.0.0.1:9" in raised.value.evidence


def _locked(requirement: str) -> str:
    """A file of requirements with versions and hashes, as a package index has them."""
    report = subprocess.run([*_PIP, requirement], capture_output=True, text=True, check=True)
    found = json.loads(report.stdout)["install"][0]
    pin = f"{found['metadata']['name']}=={found['metadata']['version']}"
    digest = found["download_info"]["archive_info"]["hashes"]["sha256"]
    return f"{pin} \\\n    --hash=sha256:{digest}\n"
