"""The suite as a whole: what a good API gets, and what becomes of one that is not there."""

import socket
import struct
import threading

import pytest

from tests.checks.asking import FAILED, PASSED, SKIPPED, asked, subject
from tests.checks.faulty_servers import KEY, RELEASE, Asked, Reply, as_json, behaving, serving
from tests.checks.good_api import GoodApi

ALWAYS = {"liveness", "readiness", "latency", "models", "chat", "streaming"}


def test_a_good_api_passes_every_check_that_applies() -> None:
    with serving(GoodApi()) as server:
        results = asked(subject(server.url, expected_release=RELEASE))
    verdicts = {name: result.verdict for name, result in results.items()}
    assert verdicts.pop("tls") is SKIPPED
    assert set(verdicts.values()) == {PASSED}, results


def test_nothing_is_asked_before_the_checks_run() -> None:
    from llmops_cli.checks.http import open_client
    from llmops_cli.checks.suite import checks_for

    with serving(GoodApi()) as server, open_client(server.url) as client:
        checks_for(subject(server.url), client)
        assert server.asked == []


def test_the_model_is_asked_no_more_than_four_times() -> None:
    with serving(GoodApi()) as server:
        asked(subject(server.url))
    chats = [one for one in server.asked if one.path == "/v1/chat/completions"]
    turns = [one for one in server.asked if one.path.endswith("/message")]
    billed = [one for one in chats if one.key == KEY and "messages" in one.body.decode()]
    questions = [one for one in turns if one.fields["message"] != "end"]
    # The last question goes to a session that has ended, where no model is asked.
    assert len(billed) + len(questions) - 1 == 4


def test_the_checks_of_health_and_access_ask_no_model() -> None:
    with serving(GoodApi()) as server:
        asked(
            subject(server.url),
            "liveness",
            "readiness",
            "latency",
            "release",
            "models",
            "refuses-missing-credential",
            "refuses-wrong-credential",
            "body-limit",
        )
    chats = [one for one in server.asked if one.path == "/v1/chat/completions"]
    assert all(b'"messages"' not in one.body for one in chats)


def test_a_server_that_is_not_there_fails_once_and_is_not_asked_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    results = asked(subject(f"http://127.0.0.1:{port}"))
    assert results["liveness"].verdict is FAILED
    assert "refused" in results["liveness"].evidence
    others = {result.verdict for name, result in results.items() if name != "liveness"}
    assert others == {SKIPPED}


def test_a_server_of_another_kind_is_not_failed_for_lacking_our_routes() -> None:
    with serving(GoodApi(key="", release=None)) as server:
        results = asked(subject(server.url, credential=None))
    verdicts = {name: result.verdict for name, result in results.items()}
    assert {name for name, verdict in verdicts.items() if verdict is PASSED} == ALWAYS
    assert FAILED not in verdicts.values()
    assert "not an llmops API" in results["session-memory"].evidence


def test_a_proxy_that_calls_models_in_its_health_route_is_asked_elsewhere() -> None:
    def litellm(one: Asked) -> Reply:
        if one.path == "/health/liveliness":
            return as_json("I'm alive!")
        return as_json({"status": "healthy"}) if one.path == "/health/readiness" else Reply(404)

    with serving(litellm) as server:
        results = asked(subject(server.url), "liveness", "readiness", "latency")
    assert {result.verdict for result in results.values()} == {PASSED}
    assert server.count("/health") == 0


def _endless(connection: socket.socket, head: bytes) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def _silent(connection: socket.socket, head: bytes) -> None:
    connection.recv(1)


def _dripping(connection: socket.socket, head: bytes) -> None:
    for _ in range(200):
        connection.sendall(b"H")
        threading.Event().wait(0.05)


def _reset(connection: socket.socket, head: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _garbage(connection: socket.socket, head: bytes) -> None:
    connection.sendall(bytes(range(256)) * 4 + b"\r\n\r\n")


def _nothing(connection: socket.socket, head: bytes) -> None:
    connection.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("behaviour", "evidence"),
    [
        (_endless, "more than 1 MiB"),
        (_silent, "no complete answer within 0.3 s"),
        (_dripping, "no complete answer within 0.3 s"),
        (_reset, "reset"),
        (_garbage, "illegal status line"),
        (_nothing, "disconnected"),
    ],
)
def test_a_broken_server_fails_with_what_was_seen(behaviour, evidence: str) -> None:
    with behaving(behaviour) as url:
        results = asked(subject(url, timeout_seconds=0.3))
    assert results["liveness"].verdict is FAILED
    assert evidence in results["liveness"].evidence


LACKS = {
    "models": "no model is listed",
    "chat": "no choices[0].message",
    "session-memory": "no session_id",
}
UNREADABLE = dict.fromkeys(LACKS, "not JSON")
TOO_LARGE = dict.fromkeys(LACKS, "more than 1 MiB")


@pytest.mark.parametrize(
    ("body", "evidence"),
    [
        (b"\xff\xfe\x00garbage\x1b[31m", UNREADABLE),
        (b"[" * 200_000, UNREADABLE),
        (b"{}", LACKS),
        (b'{"choices": 5, "data": {"id": 1}, "session_id": "../../x"}', LACKS),
        (b'"\\ud800"', LACKS),
        (b"x" * (10 * 1024 * 1024), TOO_LARGE),
    ],
    ids=["garbage", "deep", "empty", "wrong", "surrogate", "10MB"],
)
def test_a_wrong_body_fails_the_checks_that_read_it(body: bytes, evidence: dict[str, str]) -> None:
    api = GoodApi()
    for route in ("GET /v1/models", "POST /v1/chat/completions", "POST /sessions"):
        api.faults[route] = lambda _: Reply(200, body, {"content-type": "application/json"})
    with serving(api) as server:
        results = asked(subject(server.url))
    for name, lacking in evidence.items():
        assert results[name].verdict is FAILED
        assert lacking in results[name].evidence
        assert results[name].evidence.isprintable()
    assert results["streaming"].verdict is FAILED


@pytest.mark.parametrize("status", [301, 302, 404, 401, 403, 418, 500, 503])
def test_a_status_that_is_wrong_everywhere_fails_liveness_and_names_it(status: int) -> None:
    api = GoodApi(faults={"*": lambda _: Reply(status, b"", {"location": "https://x.example/"})})
    with serving(api) as server:
        results = asked(subject(server.url))
    assert results["liveness"].verdict is FAILED
    assert str(status) in results["liveness"].evidence
    assert results["readiness"].verdict is FAILED


def test_a_redirect_is_not_followed_and_where_it_points_is_named() -> None:
    with serving(GoodApi()) as elsewhere:
        moved = {"location": f"{elsewhere.url}/health"}
        with serving(GoodApi(faults={"*": lambda _: Reply(302, b"", moved)})) as server:
            results = asked(subject(server.url))
    assert moved["location"] in results["liveness"].evidence
    assert elsewhere.asked == []


def test_a_proxy_of_the_environment_is_not_used_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with serving(GoodApi()) as server:
        assert asked(subject(server.url), "liveness")["liveness"].verdict is PASSED


def test_a_server_that_echoes_the_credential_does_not_get_it_into_the_evidence() -> None:
    hidden = "".join(f"\\u{ord(letter):04x}" for letter in KEY)

    def echo(one: Asked) -> Reply:
        body = f'{{"choices": [], "got": "{one.key} {hidden}"}}'.encode()
        return Reply(200 if "chat" in one.path else 500, body, {"location": f"/{one.key}"})

    api = GoodApi(faults={"*": echo})
    api.faults["GET /health"] = lambda _: as_json({})
    api.faults["GET /version"] = lambda _: as_json({"release": RELEASE})
    with serving(api) as server:
        results = asked(subject(server.url))
    assert any(one.key == KEY for one in server.asked)
    assert KEY not in repr(results)
    assert results["chat"].verdict is FAILED


def test_an_application_without_the_dialect_is_not_asked_for_it_but_for_all_else() -> None:
    api = GoodApi(faults=dict.fromkeys(("GET /v1/models", "POST /v1/chat/completions"), not_found))
    with serving(api) as server:
        results = asked(subject(server.url, expected_release=RELEASE, has_own_application=True))
    skipped = {name for name, result in results.items() if result.verdict is SKIPPED}
    access = {"refuses-missing-credential", "refuses-wrong-credential"}
    assert skipped - {"tls", "body-limit"} == {"models", "chat", "streaming", *access}
    assert {results[name].verdict for name in ("liveness", "readiness", "release")} == {PASSED}


def test_the_api_itself_is_never_excused_from_the_dialect() -> None:
    api = GoodApi(faults=dict.fromkeys(("GET /v1/models", "POST /v1/chat/completions"), not_found))
    with serving(api) as server:
        results = asked(subject(server.url), "models", "chat", "refuses-missing-credential")
    assert {result.verdict for result in results.values()} == {FAILED}


def test_half_of_the_dialect_excuses_nothing() -> None:
    with serving(GoodApi(faults={"GET /v1/models": not_found})) as server:
        result = asked(subject(server.url, has_own_application=True), "models")["models"]
    assert result.verdict is FAILED


def not_found(asked: Asked) -> Reply:
    return Reply(404)
