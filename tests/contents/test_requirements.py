"""The packages of an image are locked, and are those that its settings need."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from llmops_cli.config.load import parse as project_file
from llmops_cli.contents.requirements import checked, extras, locked, parse
from llmops_cli.errors import PreflightError

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "llmops_cli" / "contents" / "locks").glob("*.txt"))
EVERY = [path.stem for path in LOCKS]
HASH = "--hash=sha256:" + "0" * 64


@pytest.mark.parametrize("name", EVERY)
def test_a_lock_has_what_its_extra_asks_for(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = _pins((ROOT / f"llmops_cli/contents/locks/{name}.txt").read_text())
    asked = [Requirement(line) for line in project["optional-dependencies"][name]]
    assert asked
    for requirement in asked:
        version = pins[requirement.name.lower().replace("_", "-")]
        assert requirement.specifier.contains(version), f"{requirement}: nox -s lock"


@pytest.mark.parametrize("name", EVERY)
def test_a_lock_names_no_place_to_fetch_from(name: str) -> None:
    text = (ROOT / f"llmops_cli/contents/locks/{name}.txt").read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    assert all(requirement.hashes for requirement in parse(text))


def test_all_extras_go_together_at_one_version_of_each_package() -> None:
    requirements = parse(locked(EVERY))
    pins = [requirement.pin for requirement in requirements]
    assert pins == sorted(pins)
    assert len({pin.partition("==")[0] for pin in pins}) == len(pins)


def test_a_package_that_one_extra_needs_everywhere_has_no_marker() -> None:
    """Cffi is needed by all of argon2, and by cryptography but on PyPy."""
    assert "when" not in locked(["entra"])
    markers = {one.pin.partition("==")[0]: one.when for one in parse(locked(["entra"]))}
    assert markers["cffi"]
    both = {one.pin.partition("==")[0]: one.when for one in parse(locked(["serve", "entra"]))}
    assert not both["cffi"]


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ("", ("serve",)),
        ('[api.sessions]\ndatabase_secret = "DATABASE"', ("serve", "postgres")),
        ('[api.telemetry]\ncollector = "http://127.0.0.1:4318"', ("serve", "otel")),
        (
            '[[api.upstreams]]\nname = "a"\nbase_url = "https://a.example/v1"\nauth = "entra"\n'
            'models = ["m"]\n[api]\nmodel = "m"',
            ("serve", "entra"),
        ),
        (
            '[[api.upstreams]]\nname = "a"\nbase_url = "https://a.example/v1"\nauth = "google"\n'
            'models = ["m"]\n[[api.upstreams]]\nname = "b"\ngguf = "b.gguf"\nmodels = ["n"]\n'
            '[api]\nmodel = "m"',
            ("serve", "google", "engine"),
        ),
    ],
)
def test_only_the_extras_that_the_project_uses_are_installed(
    lines: str, wanted: tuple[str, ...]
) -> None:
    assert extras(project_file(f'name = "x"\n{lines}\n', "llmops.toml")) == wanted


@pytest.mark.parametrize(
    "line",
    [
        "requests",
        "requests==2.32.0",
        f"requests>=2 {HASH}",
        "-e .",
        "--index-url https://user:password@example.com/simple",
        f"requests @ https://example.com/requests.whl {HASH}",
    ],
)
def test_packages_without_version_and_hash_are_refused_with_the_command_that_helps(
    line: str,
) -> None:
    with pytest.raises(PreflightError) as raised:
        checked("api/requirements.txt", f"# ours\nidna==3.10 \\\n    {HASH}\n{line}\n")
    assert raised.value.evidence == line.split(" --hash", maxsplit=1)[0]
    assert "uv pip compile" in raised.value.next_step
    assert "api/requirements.in -o api/requirements.txt" in raised.value.next_step


def test_a_file_that_the_commit_lacks_is_told() -> None:
    with pytest.raises(PreflightError, match=r"no requirements\.txt"):
        checked("requirements.txt", None)


def test_a_file_with_versions_and_hashes_is_taken_as_it_is() -> None:
    text = (
        f"# by uv\nidna==3.10 ; python_version > '3' \\\n    {HASH} \\\n    {HASH}\n    # via x\n"
    )
    assert checked("requirements.txt", text) == text


def _pins(text: str) -> dict[str, Version]:
    pins = [requirement.pin.split("==") for requirement in parse(text)]
    return {name.lower().replace("_", "-"): Version(version) for name, version in pins}
