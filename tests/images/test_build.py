"""`llmops build` makes a small, hardened image of exactly the commit."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmops_cli.core.image import Image
from llmops_cli.engine.docker import Engine
from llmops_cli.images import builder
from llmops_cli.images.builder import Kind
from tests.engines import BASE, has_plugin, needs_engine
from tests.images.building import Making, docker, files, layers, making, running, without_buildx
from tests.thorough import seldom
from tests.waiting import eventually

pytestmark = needs_engine
#: Above the base.
MOST_BYTES = 60_000_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Making]:
    with making(tmp_path_factory.mktemp("build") / "chat") as found:
        yield found


@pytest.fixture(scope="module")
def image(made: Making) -> Image:
    project = made.project
    project.write(".env", "LLMOPS_API_KEY=in-the-commit-by-mistake\n")
    project.write("config/prod.env", "KEY=in-the-commit-by-mistake\n")
    project.write("README.md", "For people.\n")
    project.write("evals/basics.toml", "")
    project.write("answers.json", "{}\n")
    project.git("remote", "add", "origin", "https://user:hunter2@git.example.com/team/chat.git")
    project.commit("Add files that do not belong into an image")
    project.write("uncommitted.py", "never = 'committed'\n")
    try:
        return made.build()
    finally:
        (project.root / "uncommitted.py").unlink()


def test_the_image_serves_hardened_as_nobody_in_particular(
    made: Making, image: Image, tmp_path: Path
) -> None:
    with running(image.id, tmp_path) as container:
        eventually(lambda: "startup complete" in container.logs)
        assert container.run("id") == "uid=10001 gid=10001 groups=10001"
        checked = made.project.llmops(
            "smoke-test", "--url", container.url, "--key-file", str(tmp_path / "key")
        )
        assert checked.status == 0, checked.said
        eventually(lambda: container.health == "healthy")
        assert container.run("ls", "/data").splitlines()[0] == "sessions.db"
        assert made.release.id in checked.said or made.release.id in container.logs
        docker("stop", container.name)
        assert container.inspect()["State"]["ExitCode"] == 0


def test_the_layers_above_the_base_are_small(image: Image) -> None:
    size = int(docker("image", "inspect", "--format", "{{.Size}}", image.id))
    above = size - int(docker("image", "inspect", "--format", "{{.Size}}", BASE))
    assert 1_000_000 < above <= MOST_BYTES


def test_only_what_the_api_needs_is_in_the_image(image: Image) -> None:
    found = files(image)
    assert {path for path in found if path.startswith("/app/") and not path.endswith("/")} == {
        "/app/prompts/system.md",
        "/app/answers.json",
    }
    assert "/llmops/llmops_cli/serve/app.py" in found
    ours = [path for path in found if path.startswith("/llmops/llmops_cli/")]
    rooms = {path.split("/")[3] for path in ours if path.count("/") > 3}
    assert rooms == {"serve", "__pycache__"}
    installed = [path for path in found if path.startswith("/venv/lib/python3")]
    packages = {path.split("/")[5].lower() for path in installed if path.count("/") > 5}
    assert not packages & {"typer", "rich", "jinja2", "pip", "httpx2", "xllamacpp", "asyncpg"}
    assert "fastapi" in packages


def test_labels_say_which_commit_it_is_without_the_password_of_the_remote(
    made: Making, image: Image
) -> None:
    text = docker("image", "inspect", image.id)
    assert "hunter2" not in text
    assert "mistake" not in text
    release = made.release
    wanted = {
        "org.opencontainers.image.revision": release.commit,
        "org.opencontainers.image.source": "https://git.example.com/team/chat",
        "org.opencontainers.image.created": release.committed_at.isoformat(),
        "org.opencontainers.image.version": release.id,
        "org.opencontainers.image.base.name": BASE,
        "llmops.tree": release.tree,
    }
    for name, value in wanted.items():
        template = f'{{{{index .Config.Labels "{name}"}}}}'
        assert docker("image", "inspect", "--format", template, image.id) == value


def test_an_edit_of_a_prompt_changes_one_small_layer(made: Making, image: Image) -> None:
    before, sizes = layers(image), _sizes(image)
    made.project.change("You are even briefer.")
    edited = made.build()
    changed = [layer for layer in layers(edited) if layer not in before]
    assert len(changed) == 1
    assert len(layers(edited)) == len(before)
    assert sizes[layers(edited).index(changed[0])] < 10_000


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", [Kind.BUILDKIT, seldom(Kind.CLASSIC)])
def test_a_commit_that_is_built_twice_makes_the_same_layers(kind: Kind, tmp_path: Path) -> None:
    if kind is Kind.BUILDKIT and not has_plugin("buildx"):
        pytest.skip("needs docker buildx")
    engine = Engine() if kind is Kind.BUILDKIT else Engine(program=str(without_buildx(tmp_path)))
    assert builder.kind_of(engine) is kind
    with making(tmp_path / "chat", engine) as made:
        # What the cache has is of an earlier build, and of another project.
        first = layers(made.build())
        made.project.git("commit", "--amend", "-q", "-m", "Same files, another commit")
        second = made.build(use_cache=False)
        assert layers(second) == first
        with running(second.id, tmp_path) as container:
            eventually(lambda: "startup complete" in container.logs)


def test_a_tag_that_holds_something_else_is_no_image_of_the_release(
    made: Making, image: Image
) -> None:
    rebuilt = made.build()
    assert made.images.built(made.release) == rebuilt
    docker("tag", BASE, rebuilt.name)
    assert made.images.built(made.release) is None
    assert made.build().id == rebuilt.id


def _sizes(image: Image) -> list[int]:
    """Bytes of each layer, from the base up; steps that make no layer have none."""
    listed = docker("history", "--human=false", "--format", "{{.Size}}\t{{.CreatedBy}}", image.id)
    rows = [line.partition("\t") for line in reversed(listed.splitlines())]
    return [int(size) for size, _, by in rows if not by or "COPY" in by or "WORKDIR" in by]
