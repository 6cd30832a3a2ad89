"""Takes values through every command of a target on Google Cloud, and looks for them everywhere."""

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

from tests.commands import Run
from tests.fakes.call import Call
from tests.fakes.gcp.answers import denied
from tests.targets.gcp_mishaps import Stage
from tests.test_no_secret_leaks import KEY, ROTATED, UPSTREAM_KEY, VALUES, Witness, forms

_ADD = "SecretManagerService.AddSecretVersion"
_ENDPOINT = "aiplatform.projects.locations.endpoints"
#: What brings a value, or who asks, and is meant to: a secret, a login, a question to a release.
_BEARERS = (_ADD, "sts.token", f"{_ENDPOINT}.rawPredict", f"{_ENDPOINT}.streamRawPredict")


def leaks_of(stage: Stage, platform: Callable[[], Any]) -> list[str]:
    """Set, deploy, rotate, fail, roll back and remove; return the places that hold a value.

    ``platform`` returns all that Google keeps of the releases.
    """
    project = stage.project
    file = project.root / "llmops.toml"
    project.write("llmops.toml", f'secrets.required = ["SPARE_KEY"]\n{file.read_text()}')
    project.write(".gitignore", ".llmops/\nvalue\n")
    project.commit("Need another secret")
    runs: list[Run] = []

    def run(*words: str, status: int = 0, input: str | None = None) -> None:
        # A process of its own, whose arguments and environment are looked at.
        done = project.by_itself("--verbose", *words, input=input)
        assert done.status == status, done.said
        runs.append(done)

    # An argument is the operator's own doing; what is refused is not repeated.
    run("secrets", "set", "SPARE_KEY", UPSTREAM_KEY, status=2)
    with Witness(project.root) as witness:
        run("secrets", "set", "LLMOPS_API_KEY", input=KEY)
        project.write("value", UPSTREAM_KEY)
        run("--json", "secrets", "set", "SPARE_KEY", "--file", str(project.root / "value"))
        (project.root / "value").unlink()
        run("deploy")
        run("--json", "secrets", "rotate", "LLMOPS_API_KEY", input=ROTATED)
        stage.cloud.faults.on(_ADD, denied("secretmanager.versions.add"))
        run("secrets", "set", "SPARE_KEY", input=ROTATED, status=5)
        run("--json", "secrets", "list")
        run("--json", "status")
        run("--json", "rollback")
        run("secrets", "unset", "SPARE_KEY", "--yes")
    # Every command but the first, which was before it.
    assert len(witness.seen) >= len(runs) - 1
    needles = _needles(stage)
    # The search finds what is there: Secret Manager was sent the values.
    sent = [call.body for call in stage.cloud.requests if call.operation == _ADD]
    assert _holds(json.dumps(sent).encode(), needles)
    places = [place for place, text in _everything(stage, runs, platform) if _holds(text, needles)]
    return [*witness.guilty, *places]


def _holds(text: bytes, needles: list[bytes]) -> bool:
    return any(needle in text for needle in needles)


def _needles(stage: Stage) -> list[bytes]:
    """The values, and all that proves who we are, as they are and encoded."""
    tokens = stage.cloud.tokens
    return [form for text in (*VALUES, tokens.proof, *tokens.given) for form in forms(text)]


def _everything(
    stage: Stage, runs: list[Run], platform: Callable[[], Any]
) -> Iterator[tuple[str, bytes]]:
    """Yield each place that must not hold a value, with what it holds."""
    cloud = stage.cloud
    for run in runs:
        yield f"output {run.said[:60]}", run.said.encode()
    for call in cloud.requests:
        yield f"request {call.operation}", _told(call).encode()
    for name, kept in cloud.secrets.kept.items():
        yield f"document of {name}", json.dumps(kept.document).encode()
    yield "the platform", json.dumps(platform(), default=str).encode()
    yield "the bucket", json.dumps(cloud.storage.seeded()).encode()
    yield "the log", json.dumps(cloud.logging.entries).encode()
    yield "paths of the registry", json.dumps(cloud.registry.requests).encode()
    yield from cloud.registry.contents.blobs.items()
    root = stage.project.root
    for file in root.rglob("*"):
        if file.is_file():
            yield str(file), str(file).encode() + file.read_bytes()
    objects = ["git", "cat-file", "--batch-all-objects", "--batch"]
    yield "git", subprocess.run(objects, cwd=root, capture_output=True, check=True).stdout


def _told(call: Call) -> str:
    """What a request says besides the value that it brings, and the proof of who asks."""
    is_bearer = call.operation in _BEARERS
    return json.dumps(
        [call.method, call.path, call.query, None if is_bearer else call.body], default=str
    )
