"""The words of engines and registries are understood, and names are not taken for words."""

import pytest

from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError, BuildError
from llmops_cli.images.push_failure import Verdict, failure, verdict
from llmops_cli.registries.login import Login
from llmops_cli.registries.reference import parse

REPOSITORY = parse("registry.example.com/team/chat")
SAID = {
    "EOF": Verdict.PASSING,
    'Put "https://registry.example.com/v2/team/chat/manifests/v1": EOF': Verdict.PASSING,
    "write tcp 127.0.0.1:1->127.0.0.1:2: write: connection reset by peer": Verdict.PASSING,
    "received unexpected HTTP status: 503 Service Unavailable": Verdict.PASSING,
    "received unexpected HTTP status: 500 Internal Server Error": Verdict.PASSING,
    'error parsing HTTP 502 response body: invalid character "<"': Verdict.PASSING,
    "net/http: TLS handshake timeout": Verdict.PASSING,
    "toomanyrequests: You have reached your rate limit": Verdict.PASSING,
    "dial tcp: lookup registry.example.com: no such host": Verdict.PASSING,
    "denied: requested access to the resource is denied": Verdict.DENIED,
    "unauthorized: authentication required": Verdict.DENIED,
    "no basic auth credentials": Verdict.DENIED,
    "denied: permission_denied: write_package": Verdict.DENIED,
    "name unknown: The repository with name 'chat' does not exist in the registry": Verdict.ABSENT,
    "tag invalid: The image tag 'v1' already exists in the 'chat' repository and cannot be "
    "overwritten because the repository is immutable.": Verdict.IMMUTABLE,
    "unknown: Failed to process request due to 'chat:v1' configured as immutable.": (
        Verdict.IMMUTABLE
    ),
    "denied: The operation is disallowed on this registry, repository or image.": (
        Verdict.IMMUTABLE
    ),
    "write /data/x: no space left on device": Verdict.FULL,
    "denied: adding 10 MiB of storage resource exceeds the quota": Verdict.FULL,
    "received unexpected HTTP status: 507 Insufficient Storage": Verdict.FULL,
    "manifest invalid: manifest invalid": Verdict.LASTING,
    "An image does not exist locally with the tag: x": Verdict.LASTING,
}


@pytest.mark.parametrize(("said", "meaning"), SAID.items())
def test_words_are_understood(said: str, meaning: Verdict) -> None:
    assert verdict(said, REPOSITORY) is meaning


@pytest.mark.parametrize("name", ["team/quota", "denied/immutable", "no-such/timeout", "eof/507"])
def test_names_are_no_words(name: str) -> None:
    repository = parse(f"registry.example.com/{name}")
    for said in (
        f"manifest invalid for {repository}",
        f'Head "https://registry.example.com/v2/{name}/blobs/sha256:{"507" * 21}f": bad request',
        'Put "https://quota.example.com/denied/timeout": bad request',
        f"writing blob to /v2/{name}/blobs: manifest invalid",
    ):
        assert verdict(said, repository) is Verdict.LASTING


def test_a_denial_names_the_user_and_what_to_do() -> None:
    login = Login("ci", Secret("value"), origin="secret X", remedy="llmops secrets set X")
    error = failure("denied: no", REPOSITORY, login)
    assert isinstance(error, AccessError)
    assert "ci (secret X)" in error.message
    assert error.next_step == "llmops secrets set X"
    nobody = failure("denied: no", REPOSITORY, None)
    assert nobody.next_step == "docker login registry.example.com"


@pytest.mark.parametrize(
    "said", [text for text, meaning in SAID.items() if meaning.name != "DENIED"]
)
def test_every_other_failure_is_one_of_the_build_that_says_what_to_do(said: str) -> None:
    error = failure(said, REPOSITORY, None)
    assert isinstance(error, BuildError)
    assert error.evidence == said
    assert "serving still" in error.state
    assert error.next_step


def test_a_repository_of_ecr_that_is_not_there_is_made_by_a_command() -> None:
    absent = parse("123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/chat")
    said = "name unknown: The repository with name 'team/chat' does not exist in the registry"
    found = failure(said, absent, None)
    assert "aws ecr create-repository --repository-name team/chat --region eu-west-1" in (
        found.next_step
    )
