"""Takes values through every command of a target on Azure, and looks for them everywhere."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any, Protocol

from tests.fakes.azure.cloud import AzureCloud
from tests.fakes.azure.project import AzureProject
from tests.fakes.azure.registry import Registry
from tests.fakes.azure.vault import Vault
from tests.fakes.call import Call
from tests.project import Run
from tests.test_no_secret_leaks import KEY, ROTATED, UPSTREAM_KEY, VALUES, Witness, forms

#: A value that the API does not start with; of it, this part is looked for.
PART = "azure-refused+key/9c4e1f=~0123"


class App(Protocol):
    """A fake app."""

    def seeded(self) -> dict[str, Any]:
        """All that the platform keeps of it: settings, revisions, tags, deployment records."""
        ...


class Stage(Protocol):
    """An app with a live release, its vault, and the project."""

    @property
    def cloud(self) -> AzureCloud: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def app(self) -> App: ...
    @property
    def project(self) -> AzureProject: ...


def leaks_of(stage: Stage) -> list[str]:
    """Set, deploy, rotate, fail, roll back and remove; return the places that hold a value."""
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
        run("secrets", "rotate", "LLMOPS_API_KEY", input=f"{PART}schlüssel", status=8)
        stage.vault.rights.discard("set")
        run("secrets", "set", "SPARE_KEY", input=ROTATED, status=5)
        stage.vault.rights.add("set")
        run("--json", "secrets", "list")
        run("--json", "status")
        run("logs")
        run("--json", "rollback")
        run("secrets", "unset", "SPARE_KEY", "--yes")
    assert len(witness.seen) > 10
    # The search finds what is there: the vault was sent the values.
    needles = _needles(stage)
    sent = json.dumps([call.body for call in stage.cloud.requests], default=str).encode()
    assert _holds(sent, needles)
    places = [place for place, text in _everything(stage, runs) if _holds(text, needles)]
    return [*witness.guilty, *places]


def _holds(text: bytes, needles: list[bytes]) -> bool:
    return any(needle in text for needle in needles)


def _needles(stage: Stage) -> list[bytes]:
    """The values, and all that proves who we are, as they are and encoded."""
    shown = {call.headers.get("Authorization", "") for call in stage.cloud.requests}
    proofs = {text.partition(" ")[2] for text in shown} - {""}
    tokens = _registry(stage).tokens
    proofs |= {stage.cloud.entra.client_secret, *tokens.refresh, *tokens.access}
    return [form for text in (*VALUES, PART, *proofs) for form in forms(text)]


def _everything(stage: Stage, runs: list[Run]) -> Iterator[tuple[str, bytes]]:
    """Yield each place that must not hold a value, with what it holds."""
    for run in runs:
        yield f"output {run.said[:60]}", run.said.encode()
    for call in stage.cloud.requests:
        yield f"request {call.operation}", _told(call).encode()
    for name, kept in stage.vault.kept.items():
        tags = [[version.tags, version.content_type] for version in kept.versions]
        yield f"tags of {name}", json.dumps(tags).encode()
    yield "the app", json.dumps(stage.app.seeded(), default=str).encode()
    yield "paths of the registry", json.dumps(_registry(stage).requests).encode()
    yield from _registry(stage).contents.blobs.items()
    root = stage.project.root
    for file in root.rglob("*"):
        if file.is_file():
            yield str(file), str(file).encode() + file.read_bytes()
    objects = ["git", "cat-file", "--batch-all-objects", "--batch"]
    yield "git", subprocess.run(objects, cwd=root, capture_output=True, check=True).stdout


def _told(call: Call) -> str:
    """What a request says besides the value that it brings to the vault, and who asks."""
    body = None if call.operation == "entra_token" else call.body
    if call.operation == "key_vault_set_secret":
        body = {key: text for key, text in call.body.items() if key != "value"}
    return json.dumps([call.method, call.path, call.query, body], default=str)


def _registry(stage: Stage) -> Registry:
    registry = stage.project.registry
    assert isinstance(registry, Registry)
    return registry
