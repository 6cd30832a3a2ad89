"""A secret's value goes to Secrets Manager and into the API's process, and is nowhere else then."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.aws import identity
from tests.fakes.call import Call
from tests.project import Run
from tests.targets.aws_ecs.stage import Stage
from tests.test_no_secret_leaks import KEY, ROTATED, UPSTREAM_KEY, VALUES, Witness, forms

#: A value that the API does not start with; of it, this part is looked for.
PART = "aws-refused+key/9c4e1f=~0123"
#: Requests that bring a value: this part of their bodies is meant to.
_BRINGING = ("secretsmanager.CreateSecret", "secretsmanager.PutSecretValue")


# A dozen processes, each of which loads everything anew: on a busy machine that takes its time.
@pytest.mark.timeout(360)
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc")
def test_no_value_is_anywhere_but_in_secrets_manager(live: Stage) -> None:
    project = live.project
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
        run("secrets", "rotate", "LLMOPS_API_KEY", input=f"{PART}schlüssel", status=8)
        live.cloud.faults.deny("secretsmanager.PutSecretValue", times=1)
        run("secrets", "set", "SPARE_KEY", input=ROTATED, status=5)
        run("--json", "status")
        run("logs")
        run("--json", "rollback")
        run("secrets", "unset", "SPARE_KEY", "--yes")
    # Every command but the first, which was before it.
    assert len(witness.seen) >= len(runs) - 1
    # The search finds what is there: Secrets Manager was sent the values.
    needles = _needles(live)
    sent = json.dumps([call.body for call in live.cloud.requests], default=str).encode()
    assert _holds(sent, needles)
    assert witness.guilty == []
    assert [place for place, text in _everything(live, runs) if _holds(text, needles)] == []


def _holds(text: bytes, needles: list[bytes]) -> bool:
    return any(needle in text for needle in needles)


def _needles(stage: Stage) -> list[bytes]:
    """The values, and all that proves who we are, as they are and encoded."""
    proofs = {identity.SECRET, *stage.cloud.ecr.tokens}
    return [form for text in (*VALUES, PART, *proofs) for form in forms(text)]


def _everything(stage: Stage, runs: list[Run]) -> Iterator[tuple[str, bytes]]:
    """Yield each place that must not hold a value, with what it holds."""
    for run in runs:
        yield f"output {run.said[:60]}", run.said.encode()
    for call in stage.cloud.requests:
        yield f"request {call.operation}", _told(call).encode()
    for name, kept in stage.cloud.secrets.kept.items():
        yield f"tags of {name}", json.dumps([kept.tags, kept.description]).encode()
    definitions = stage.cloud.ecs.definitions
    yield "task definitions", json.dumps([definitions.kept, definitions.tags]).encode()
    yield "the service", json.dumps(stage.cloud.ecs.service.shown()).encode()
    yield "the bucket", json.dumps({k: v.decode() for k, v in stage.records().items()}).encode()
    yield "paths of the registry", json.dumps(stage.cloud.ecr.requests).encode()
    yield from stage.cloud.ecr.contents.blobs.items()
    root = stage.project.root
    for file in root.rglob("*"):
        if file.is_file():
            yield str(file), str(file).encode() + file.read_bytes()
    objects = ["git", "cat-file", "--batch-all-objects", "--batch"]
    yield "git", subprocess.run(objects, cwd=root, capture_output=True, check=True).stdout


def _told(call: Call) -> str:
    """What a request says besides the value that it brings to Secrets Manager."""
    body = call.body
    if call.operation in _BRINGING:
        body = {key: text for key, text in body.items() if key != "SecretString"}
    return json.dumps([call.method, call.path, call.query, body], default=str)
