"""The release that answers is the expected one, exactly or by its commit."""

import pytest

from llmops_cli.checks.http import open_client
from llmops_cli.checks.probe import ask_ready, read_release
from llmops_cli.checks.release import is_release_of
from tests.checks.asking import FAILED, PASSED, SKIPPED, ask_one, subject
from tests.checks.faulty_servers import RELEASE, Asked, Reply, as_json, serving
from tests.checks.good_api import GoodApi


def test_the_expected_release_passes_and_another_fails_with_both_named() -> None:
    with serving(GoodApi()) as server:
        right = ask_one("release", subject(server.url, expected_release=RELEASE))
        wrong = ask_one("release", subject(server.url, expected_release="fedcba987654"))
    assert right.verdict is PASSED
    assert wrong.verdict is FAILED
    assert RELEASE in wrong.evidence
    assert "fedcba987654" in wrong.evidence


def test_a_deploy_is_not_content_with_another_revision_of_its_commit() -> None:
    with serving(GoodApi(release=f"{RELEASE}.2")) as server:
        assert ask_one("release", subject(server.url, expected_release=RELEASE)).verdict is FAILED
        assert ask_one("release", subject(server.url, expected_commit=RELEASE)).verdict is PASSED


def test_a_server_that_names_no_release_fails_where_one_is_expected() -> None:
    with serving(GoodApi(release=None)) as server:
        assert ask_one("release", subject(server.url, expected_release=RELEASE)).verdict is FAILED
        assert ask_one("release", subject(server.url)).verdict is SKIPPED


@pytest.mark.parametrize(
    ("named", "commit", "answer"),
    [
        ("0123456789ab", "0123", True),
        ("0123456789ab", "0123456789AB", True),
        ("0123456789ab", "0123456789ab" + "c" * 28, True),
        ("0123456789ab.3", "0123456789ab" + "c" * 28, True),
        ("0123456789ab.3", "0123456789ab.3", True),
        ("0123456789ab.3", "0123456789ab.2", False),
        ("0123456789ab-dirty-aaaaaaaa", "0123456789ab", False),
        ("0123456789ab-dirty-aaaaaaaa", "0123456789ab-dirty-aaaaaaaa", True),
        ("0123456789ab", "123456", False),
        ("main", "main", True),
    ],
)
def test_an_operator_names_a_commit_by_its_beginning(named, commit, answer) -> None:
    assert is_release_of(named, commit) is answer


def test_the_header_names_the_release_where_the_body_does_not() -> None:
    with serving(lambda _: Reply(404, b"", {"x-release": "abc"})) as server:
        with open_client(server.url) as client:
            assert read_release(client) == "abc"


@pytest.mark.parametrize("body", [b"\xff", b"[]", b'{"release": 5}', b'{"release": null}', b""])
def test_a_version_that_makes_no_sense_is_no_release(body: bytes) -> None:
    with serving(lambda _: Reply(200, body)) as server, open_client(server.url) as client:
        assert read_release(client) is None


def test_nobody_is_no_release() -> None:
    with open_client("http://127.0.0.1:1") as client:
        assert read_release(client) is None


def test_every_probe_of_the_release_is_a_connection_of_its_own() -> None:
    with serving(GoodApi()) as server, open_client(server.url) as client:
        for _ in range(3):
            read_release(client)
    assert [one.headers["connection"] for one in server.asked] == ["close"] * 3


def test_readiness_is_asked_where_it_is_told() -> None:
    def only(path: str):
        return lambda one: as_json({"path": path}) if one.path == path else Reply(404)

    for path in ("/health/ready", "/health/readiness", "/health"):
        with serving(only(path)) as server, open_client(server.url) as client:
            assert ask_ready(client).verdict is PASSED


def test_a_server_that_is_not_ready_says_why_in_the_evidence() -> None:
    def draining(one: Asked) -> Reply:
        return as_json({"status": "\x1b[31mdraining\n" + "x" * 500}, 503)

    with serving(draining) as server, open_client(server.url) as client:
        finding = ask_ready(client)
    assert finding.verdict is FAILED
    assert "503" in finding.evidence
    assert "draining" in finding.evidence
    assert finding.evidence.isprintable()
    assert len(finding.evidence) < 300
