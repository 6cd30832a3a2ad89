"""A stream arrives as it is written; a hop that holds it back is found out."""

import contextlib
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checks.asking import FAILED, PASSED, ask_one, subject
from tests.checks.faulty_servers import Asked, Reply, as_json, serving
from tests.checks.good_api import GoodApi, sse_chunks, stream
from tests.project import free_port

CHAT = "POST /v1/chat/completions"

needs_nginx = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")


def streaming_of(reply, **details: object):
    with serving(GoodApi(faults={CHAT: lambda _: reply()})) as server:
        return ask_one("streaming", subject(server.url, **details))


def paced(count: int = 10) -> Iterator[bytes]:
    for chunk in sse_chunks(count):
        threading.Event().wait(0.012)
        yield chunk


def in_one_piece() -> Iterator[bytes]:
    yield b"".join(paced())


def test_a_stream_passes_with_its_pace_as_evidence() -> None:
    result = streaming_of(lambda: stream(paced()))
    assert result.verdict is PASSED
    assert re.fullmatch(
        r"first token after \d+ ms, 10 chunks, longest gap \d+ ms, all within \d+ ms",
        result.evidence,
    )


def test_the_first_token_is_the_first_text_and_not_the_first_chunk() -> None:
    def slow_to_speak() -> Iterator[bytes]:
        yield b'data: {"choices": [{"delta": {"role": "assistant", "content": ""}}]}\n\n'
        threading.Event().wait(0.05)
        yield from sse_chunks(1)

    found = re.match(
        r"first token after (\d+) ms", streaming_of(lambda: stream(slow_to_speak())).evidence
    )
    assert found is not None
    assert int(found[1]) >= 50


def test_a_stream_that_a_named_proxy_holds_back_fails_and_names_it() -> None:
    result = streaming_of(lambda: stream(in_one_piece(), via="1.1 varnish"))
    assert result.verdict is FAILED
    assert "varnish" in result.evidence


def test_a_burst_with_nothing_in_between_is_the_models_own_way() -> None:
    assert streaming_of(lambda: stream(in_one_piece())).verdict is PASSED


def test_a_stream_too_quick_to_judge_is_not_blamed_on_a_proxy() -> None:
    assert streaming_of(lambda: stream(sse_chunks(10), via="1.1 varnish")).verdict is PASSED


@pytest.mark.parametrize(
    ("reply", "evidence"),
    [
        (lambda: stream(iter([b'data: {"choices": [{"delta": {}}]}\n\n'])), "broke off"),
        (lambda: stream(iter([b"data: {}\n\n", b"data: [DONE]\n\n"])), "no chunk with choices"),
        (lambda: stream(iter([b"\xff\xfe\x00", b"data: \xff\n\n"])), "no chunk with choices"),
        (lambda: stream(iter([])), "no chunk with choices"),
        (lambda: as_json({"choices": []}), "not an event stream"),
        (lambda: as_json({"error": "sick"}, 502), "502"),
    ],
    ids=["cut", "empty", "garbage", "nothing", "json", "502"],
)
def test_what_is_no_proper_stream_fails(reply, evidence: str) -> None:
    result = streaming_of(reply)
    assert result.verdict is FAILED
    assert evidence in result.evidence


def test_a_reason_to_finish_ends_a_stream_too() -> None:
    last = b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\n'
    assert streaming_of(lambda: stream(iter([last]))).verdict is PASSED


def test_a_stream_without_an_end_is_given_up() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b'data: {"choices": [{"delta": {"content": "x"}}]}\n\n' * 100

    result = streaming_of(lambda: stream(endless()))
    assert result.verdict is FAILED
    assert "does not end" in result.evidence


def test_a_stream_that_stalls_fails_within_its_time() -> None:
    def stalling() -> Iterator[bytes]:
        yield b'data: {"choices": [{"delta": {"content": "x"}}]}\n\n'
        threading.Event().wait(1)

    result = streaming_of(lambda: stream(stalling()), model_timeout_seconds=0.2)
    assert result.verdict is FAILED
    assert "within 0.2 s" in result.evidence


@contextlib.contextmanager
def behind_nginx(backend: str, folder: Path, directives: str = "") -> Iterator[str]:
    """A real nginx in front; by default it buffers what it passes on."""
    port = free_port()
    (folder / "nginx.conf").write_text(
        f"pid {folder}/pid; error_log {folder}/error.log; events {{}}"
        f" http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/p;"
        f" fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;"
        f" server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {backend};"
        f" client_max_body_size 4m; {directives} }} }} }}"
    )
    nginx = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    subprocess.run(nginx, check=True, capture_output=True)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        subprocess.run([*nginx, "-s", "stop"], check=True, capture_output=True)


@needs_nginx
def test_nginx_with_its_defaults_holds_a_stream_back_and_the_directive_is_named(
    tmp_path: Path,
) -> None:
    api = GoodApi(faults={CHAT: lambda _: stream(paced())})
    with serving(api) as server, behind_nginx(server.url, tmp_path) as url:
        result = ask_one("streaming", subject(url))
    assert result.verdict is FAILED
    assert "proxy_buffering off" in result.evidence


@needs_nginx
def test_nginx_that_does_not_buffer_passes(tmp_path: Path) -> None:
    api = GoodApi(faults={CHAT: lambda _: stream(paced())})
    unbuffered = "proxy_buffering off; proxy_http_version 1.1;"
    with serving(api) as server, behind_nginx(server.url, tmp_path, unbuffered) as url:
        result = ask_one("streaming", subject(url))
    assert result.verdict is PASSED, result.evidence


def test_a_server_that_refuses_max_tokens_is_asked_again_without() -> None:
    def reasoning(one: Asked) -> Reply:
        refused = "max_tokens" in one.fields
        return as_json({"error": "max_tokens"}, 400) if refused else stream(sse_chunks(3))

    with serving(GoodApi(faults={CHAT: reasoning})) as server:
        assert ask_one("streaming", subject(server.url)).verdict is PASSED
