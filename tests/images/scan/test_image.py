"""Real images, built by a real engine: what was hidden in them is found, wherever it is."""

import base64
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from llmops_cli.core.image import Image, Leak
from llmops_cli.core.secret import Secret
from llmops_cli.engine.docker import Engine
from llmops_cli.errors import EngineError, PreflightError
from llmops_cli.images.scan.image import scan_image
from tests.engines import BASE, needs_engine
from tests.images.scan.planted import drawn, in_base64, told

pytestmark = needs_engine

PLACES = (
    "prompt",
    "env",
    "label",
    "argument",
    "deleted",
    "base64",
    "url",
    "gzip",
    "name",
    "health",
)
DOCKERFILE = f"""
FROM {BASE}
ARG ARGUMENT
ENV PLANTED="$$env"
LABEL note="$$label"
HEALTHCHECK CMD ["true", "$$health"]
RUN mkdir -p /app/prompts && echo "You are brief. $$prompt" > /app/prompts/system.md
RUN echo "$$deleted" > /app/deleted.txt
RUN rm /app/deleted.txt
RUN echo $$base64_form > /app/config.yaml && echo "https://x/?q=$$url_form" > /app/url.txt \\
    && echo "$$gzip" | gzip > /app/data.gz && touch "/app/$$name.txt"
"""


@dataclass(frozen=True)
class Planted:
    """An image, and the values that were hidden in it, by where."""

    image: Image
    values: dict[str, str]
    leaks: tuple[Leak, ...]

    def places(self, name: str) -> set[str]:
        return {leak.place for leak in self.leaks if leak.what == name.upper()}


def build(dockerfile: str, *arguments: str) -> Image:
    name = f"llmops-test-{uuid.uuid4().hex[:12]}"
    command = ["docker", "build", "-q", "-t", f"{name}:1", *arguments, "-"]
    done = subprocess.run(command, input=dockerfile, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Image(f"{name}:1", done.stdout.strip())


def remove(image: Image) -> None:
    subprocess.run(["docker", "image", "rm", "-f", image.name], capture_output=True, check=True)


def scan(image: Image, values: dict[str, str], base: str | None = BASE) -> tuple[Leak, ...]:
    secrets = {name.upper(): [Secret(value)] for name, value in values.items()}
    return scan_image(Engine(), image, secrets, base)


@pytest.fixture(scope="module")
def planted() -> Iterator[Planted]:
    values = {place: f"{drawn(20)}+/&{drawn(9)}" for place in PLACES}
    values["name"] = drawn(30)
    text = DOCKERFILE
    forms = {"base64_form": in_base64(f"xx{values['base64']}"), "url_form": quote(values["url"])}
    for place, value in sorted({**values, **forms}.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(f"$${place}", value)
    image = build(text, "--build-arg", f"ARGUMENT={values['argument']}")
    try:
        yield Planted(image, values, scan(image, values))
    finally:
        remove(image)


def test_every_hidden_value_is_found_where_it_is(planted: Planted) -> None:
    assert "app/prompts/system.md, line 1" in planted.places("prompt")
    assert "app/config.yaml, line 1" in planted.places("base64")
    assert "app/url.txt, line 1" in planted.places("url")
    assert "app/data.gz, line 1" in planted.places("gzip")
    assert "app/[secret].txt (its name)" in planted.places("name") or (
        "app/[secret] (its name)" in planted.places("name")
    )
    assert "ENV PLANTED" in planted.places("env")
    assert "LABEL note" in planted.places("label")
    assert "HEALTHCHECK" in planted.places("health")


def test_a_file_that_a_later_layer_deletes_is_found_in_its_layer(planted: Planted) -> None:
    [leak] = [leak for leak in planted.leaks if leak.place.startswith("app/deleted.txt")]
    assert leak.what == "DELETED"
    layers = subprocess.run(
        ["docker", "image", "inspect", "-f", "{{.RootFS.Layers}}", planted.image.id],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert leak.layer.startswith("sha256:")
    assert len(leak.layer) == len("sha256:") + 12
    assert leak.layer in layers


def test_a_build_argument_is_found_in_the_history(planted: Planted) -> None:
    assert planted.places("argument")
    assert all(place.startswith("history step ") for place in planted.places("argument"))


def test_no_value_is_told(planted: Planted) -> None:
    said = told(planted.leaks)
    for value in planted.values.values():
        assert not [at for at in range(len(value) - 4) if value[at : at + 5] in said]


def test_without_its_base_every_layer_is_searched(planted: Planted) -> None:
    values = {"deleted": planted.values["deleted"]}
    expected = scan(planted.image, values)
    assert scan(planted.image, values, base=None) == expected
    assert scan(planted.image, values, base="llmops-test-no-such-image:1") == expected


def test_a_shaped_key_in_a_prompt_and_in_a_variable_is_found() -> None:
    key = f"sk-ant-api03-{drawn(93)}AA"
    image = build(
        f"FROM {BASE}\nENV OPENAI_API_KEY=sk-proj-{drawn(48)}\n"
        f"RUN mkdir /app && echo 'Use {key}' > /app/system.md\n"
    )
    try:
        places = {leak.place for leak in scan(image, {})}
    finally:
        remove(image)
    assert {"app/system.md, line 1", "ENV OPENAI_API_KEY"} <= places


def test_nothing_is_found_in_clean_images() -> None:
    secrets = {
        "key": drawn(40),
        "word": "production",
        "address": f"redis://:{drawn(20)}@cache:6379",
    }
    digest = "7169605f62c751356d054a26a821e680e5fa6305"
    image = build(
        f"FROM {BASE}\nENV GPG_KEY={digest.upper()} PYTHON_SHA256={digest}{digest[:24]}\n"
        "LABEL org.opencontainers.image.revision=" + digest + "\n"
        "RUN mkdir /app && echo 'Be brief.' > /app/system.md && python3 -m venv /venv\n"
    )
    try:
        assert scan(image, secrets) == ()
        assert scan(image, {"key": secrets["key"]}, base=None) == ()
    finally:
        remove(image)


def test_an_image_that_is_not_there_is_an_error() -> None:
    with pytest.raises(EngineError):
        scan(Image("llmops-test-no-such-image:1"), {"key": drawn(20)})


def test_an_engine_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    engine = Engine(host=f"unix://{tmp_path}/docker.sock")
    with pytest.raises(PreflightError):
        scan_image(
            engine, Image("a:1"), {"KEY": [Secret(base64.b64encode(b"x" * 20).decode())]}, None
        )
