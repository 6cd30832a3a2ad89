"""`llmops build` stops with 13 where a secret would be, or is, in the image, and never shows it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines import BASE, needs_engine
from tests.images.building import Making, docker, making
from tests.images.scan.planted import drawn, in_base64
from tests.project import Run

pytestmark = needs_engine


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Making]:
    with making(tmp_path / "chat", image='dockerfile = "Dockerfile"') as found:
        found.project.write("Dockerfile", f"FROM {BASE}\nCOPY . /app\n")
        found.project.commit("Add a Dockerfile")
        yield found


def refused(made: Making, value: str) -> Run:
    made.project.commit("Oops")
    run = made.project.llmops("build")
    assert run.status == 13, run.said
    assert not [at for at in range(len(value) - 7) if value[at : at + 8] in run.said]
    assert docker("image", "ls", "-q", f"{made.images.name_of(made.release)}") == "" or (
        "Nothing was pushed" in run.err
    )
    return run


def test_a_key_in_a_prompt_stops_the_build_before_anything_is_built(made: Making) -> None:
    key = f"sk-ant-api03-{drawn(93)}AA"
    made.project.write("prompts/system.md", f"You are brief.\nUse {key}.\n")
    run = refused(made, key)
    assert "prompts/system.md, line 2" in run.err
    assert "Nothing was built or sent." in run.err
    assert not docker("image", "ls", "-q", made.images.name_of(made.release))


def test_a_secret_of_the_project_in_base64_stops_the_build(made: Making) -> None:
    value = drawn(40)
    made.project.ok("secrets", "set", "UPSTREAM_KEY", input=value)
    made.project.write("settings.yaml", f"key: {in_base64('user:' + value)}\n")
    assert "UPSTREAM_KEY: settings.yaml, line 1" in refused(made, value).err


def test_a_secret_that_only_the_dockerfile_makes_is_found_in_the_image(made: Making) -> None:
    first, second = drawn(10), drawn(10)
    made.project.ok("secrets", "set", "UPSTREAM_KEY", input=first + second)
    made.project.write(
        "Dockerfile",
        f"FROM {BASE}\nRUN A={first} B={second} && echo $A$B > /made.txt\nRUN rm /made.txt\n",
    )
    run = refused(made, first + second)
    assert "UPSTREAM_KEY: made.txt, line 1 (layer sha256:" in run.err


def test_a_lookalike_that_the_project_accepts_stops_nothing(made: Making) -> None:
    made.project.write("docs/sample.txt", f"ghp_{drawn(36)}\n")
    made.project.commit("Add a lookalike")
    assert made.project.llmops("build").status == 13
    text = (made.project.root / "llmops.toml").read_text()
    accepted = text.replace("[image]", '[image]\nscan_ignore = ["docs/*.txt"]')
    assert accepted != text
    made.project.write("llmops.toml", accepted)
    made.project.commit("Accept it")
    made.project.ok("build")
