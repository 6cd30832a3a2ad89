"""Logins that `docker login` and `podman login` stored are found, whatever form they have."""

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from llmops_cli.core.secret import Secret
from llmops_cli.errors import AccessError, PreflightError
from llmops_cli.registries.login import Login
from llmops_cli.registries.reference import parse
from llmops_cli.registries.stored_login import StoredLogin, docker_files, podman_files

HOST = "registry.example.com:5000"
REPOSITORY = f"{HOST}/team/chat"
VALUE = "stored-sentinel+key=~"
Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def _nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_AUTH_CONFIG", raising=False)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def made(**document: object) -> Path:
        file = tmp_path / "config.json"
        file.write_text(json.dumps(document))
        return file

    return made


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Puts a credential helper of some name on the PATH, as a shell script."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def made(name: str, script: str) -> None:
        file = folder / f"docker-credential-{name}"
        file.write_text(f"#!/bin/sh\n[ $# = 1 ] && [ $1 = get ] || exit 9\nread host\n{script}\n")
        file.chmod(0o755)

    return made


def auth(user: str, password: str = VALUE) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def login(file: Path, repository: str = REPOSITORY) -> Login | None:
    return StoredLogin(parse(repository), (file,)).login()


@pytest.mark.parametrize(
    "key", [HOST, f"https://{HOST}", f"https://{HOST}/v1/", f"http://{HOST}/v2/"]
)
def test_a_login_is_found_by_the_host_with_or_without_a_scheme(write: Write, key: str) -> None:
    file = write(auths={key: auth("ci"), "other.example.com": auth("no")})
    assert login(file) == Login("ci", Secret(VALUE), origin=str(file))


@pytest.mark.parametrize("key", ["registry.example.com", "5000", f"{HOST}0", f"evil.{HOST}", ""])
def test_the_login_of_another_host_is_shown_to_nobody_else(write: Write, key: str) -> None:
    assert login(write(auths={key: auth("ci")})) is None


def test_docker_hub_is_found_by_its_own_name(write: Write) -> None:
    found = login(write(auths={"https://index.docker.io/v1/": auth("ci")}), "team/chat")
    assert found is not None
    assert found.username == "ci"


def test_of_logins_for_a_part_of_a_registry_the_nearest_counts(write: Write) -> None:
    file = write(auths={HOST: auth("all"), f"{HOST}/team": auth("team"), f"{HOST}/te": auth("te")})
    for repository, user in ((REPOSITORY, "team"), (f"{HOST}/other/chat", "all")):
        found = login(file, repository)
        assert found is not None
        assert found.username == user


def test_a_password_may_hold_colons(write: Write) -> None:
    found = login(write(auths={HOST: auth("ci", "a:b:c")}))
    assert found is not None
    assert found.password == Secret("a:b:c")


def test_an_identity_token_is_one(write: Write) -> None:
    file = write(auths={HOST: {**auth("ci", ""), "identitytoken": VALUE}})
    assert login(file) == Login("ci", Secret(VALUE), is_token=True, origin=str(file))


def test_a_helper_is_asked_with_the_host_on_its_input(
    write: Write, helper: Callable[[str, str], None]
) -> None:
    helper("store", f"""echo '{{"Username": "'$host'", "Secret": "{VALUE}"}}'""")
    expected = Login(HOST, Secret(VALUE), origin="docker-credential-store")
    assert login(write(credsStore="store")) == expected
    assert login(write(credsStore="absent", credHelpers={HOST: "store"})) == expected


def test_a_helper_gives_identity_tokens(write: Write, helper: Callable[[str, str], None]) -> None:
    helper("store", f"""echo '{{"Username": "<token>", "Secret": "{VALUE}"}}'""")
    found = login(write(credsStore="store"))
    assert found is not None
    assert found.is_token


def test_where_a_helper_has_nothing_the_file_is_read(
    write: Write, helper: Callable[[str, str], None]
) -> None:
    helper("store", "echo 'credentials not found in native keychain'; exit 1")
    found = login(write(credsStore="store", auths={HOST: auth("ci")}))
    assert found is not None
    assert found.username == "ci"


def test_a_helper_that_fails_is_named_with_what_it_said(
    write: Write, helper: Callable[[str, str], None]
) -> None:
    helper("store", "echo 'the keychain is closed'; exit 1")
    with pytest.raises(AccessError, match="docker-credential-store") as raised:
        login(write(credsStore="store"))
    assert raised.value.evidence == "the keychain is closed"


def test_a_helper_that_answers_nonsense_is_named_without_what_it_said(
    write: Write, helper: Callable[[str, str], None]
) -> None:
    helper("store", f"echo 'Secret: {VALUE}'")
    with pytest.raises(AccessError, match="docker-credential-store") as raised:
        login(write(credsStore="store"))
    assert VALUE not in str(raised.value.as_dict())


def test_a_helper_that_is_missing_is_named(write: Write) -> None:
    with pytest.raises(PreflightError, match="docker-credential-absent"):
        login(write(credsStore="absent"))


def test_a_helper_cannot_be_a_path(write: Write) -> None:
    with pytest.raises(AccessError):
        login(write(credsStore="../../bin/sh"))


@pytest.mark.parametrize("text", ["{", f'{{"auths": {{"x": "{VALUE}"', "\xff"])
def test_a_damaged_file_is_named_and_its_text_is_not_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(AccessError, match=r"config\.json") as raised:
        login(file)
    assert VALUE not in str(raised.value.as_dict())


@pytest.mark.parametrize("document", [[], {"auths": []}, {"auths": {HOST: "x"}}, {"auths": None}])
def test_a_file_of_another_shape_holds_no_login(tmp_path: Path, document: object) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(document))
    assert login(file) is None


def test_a_damaged_entry_is_named(write: Write) -> None:
    with pytest.raises(AccessError, match="base64"):
        login(write(auths={HOST: {"auth": "%%%"}}))


def test_files_are_where_docker_and_podman_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", "/d")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/r")
    monkeypatch.setenv("XDG_CONFIG_HOME", "/c")
    monkeypatch.delenv("REGISTRY_AUTH_FILE", raising=False)
    assert docker_files() == (Path("/d/config.json"),)
    assert podman_files() == (
        Path("/r/containers/auth.json"),
        Path("/c/containers/auth.json"),
        Path("/d/config.json"),
    )
    monkeypatch.setenv("REGISTRY_AUTH_FILE", "/named.json")
    assert podman_files() == (Path("/named.json"),)


def test_what_a_ci_system_puts_into_dockers_variable_counts_first(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(auths={HOST: auth("stored")})
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {HOST: auth("given")}}))
    assert login(file) == Login("given", Secret(VALUE), origin="DOCKER_AUTH_CONFIG")
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", '{"auths": {}}')
    assert login(file) == Login("stored", Secret(VALUE), origin=str(file))
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", VALUE)
    with pytest.raises(AccessError, match="DOCKER_AUTH_CONFIG") as raised:
        login(file)
    assert VALUE not in str(raised.value.as_dict())


def test_the_first_file_with_a_login_counts(tmp_path: Path, write: Write) -> None:
    first = tmp_path / "first.json"
    first.write_text(json.dumps({"auths": {"other.example.com": auth("other")}}))
    second = write(auths={HOST: auth("ci")})
    files = (tmp_path / "absent.json", first, second)
    found = StoredLogin(parse(REPOSITORY), files).login()
    assert found is not None
    assert found.origin == str(second)
