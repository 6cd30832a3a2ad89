"""The contract of a custom container on Vertex AI: instances, chats, streams, wrapped requests."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import httpx2

from tests.serve.scripted_upstream import ScriptedUpstream
from tests.serve.served import KEY, RELEASE, clean_environment
from tests.serve.vertex.conftest import PREDICT, VARIABLES, Container, request
from tests.waiting import eventually

CHAT = {"messages": [{"role": "user", "content": "Say yes."}]}


def test_as_many_predictions_come_back_as_instances_went_in(container: Container) -> None:
    instances = ["One.", {"prompt": "Two."}, {"message": "Three."}, CHAT] * 5
    answer = container.predict({"instances": instances, "parameters": {"max_tokens": 20}})
    predictions = answer.json()["predictions"]
    assert len(predictions) == len(instances)
    assert all(isinstance(one, str) and one for one in predictions[:3])
    assert predictions[3]["choices"][0]["message"]["role"] == "assistant"


def test_parameters_are_for_all_and_an_instance_knows_better(
    in_front: Container, upstream: ScriptedUpstream
) -> None:
    instances = ["One.", {**CHAT, "temperature": 0.1}]
    in_front.predict({"instances": instances, "parameters": {"temperature": 0.9}})
    asked = sorted(call.fields["temperature"] for call in upstream.calls)
    assert asked == [0.1, 0.9]


def test_one_instance_that_fails_makes_the_whole_an_error(container: Container) -> None:
    answer = container.predict({"instances": ["One.", {"no": "chat"}]})
    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert "instances[1]" in answer.json()["error"]["message"]


def test_a_model_that_does_not_exist_is_told_as_google_tells_it(container: Container) -> None:
    answer = container.predict({"instances": [{**CHAT, "model": "none"}]})
    assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")


def test_too_many_instances_are_refused(container: Container) -> None:
    answer = container.predict({"instances": ["a"] * 129})
    assert answer.status_code == 400
    assert "1 to 128" in answer.json()["error"]["message"]


def test_a_chat_is_answered_without_a_key_of_ours(container: Container) -> None:
    answer = container.predict(CHAT)
    assert answer.json()["object"] == "chat.completion"
    assert answer.headers["x-release"] == RELEASE


def test_a_chat_streams_when_it_asks_to(container: Container) -> None:
    with container.platform.stream("POST", PREDICT, json={**CHAT, "stream": True}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [event.data for event in httpx2.EventSource(answer)]
    assert events[-1] == "[DONE]"
    assert len(events) > 2


def test_other_routes_keep_their_locks(container: Container) -> None:
    assert container.platform.get("/v1/models").status_code == 401
    assert container.platform.post("/v1/chat/completions", json=CHAT).status_code == 401
    assert container.wrapped("GET", "/v1/models", key="").status == 401
    assert container.wrapped("GET", "/v1/models", key="wrong-key-of-somebody").status == 401
    assert container.wrapped("GET", "/v1/models").status == 200


def test_any_route_can_be_asked_wrapped(container: Container) -> None:
    made = container.wrapped("POST", "/sessions", body={})
    session = made.json()["session_id"]
    said = container.wrapped("POST", f"/sessions/{session}/message", body={"message": "Hello."})
    assert said.status == 200, said.body
    assert container.wrapped("DELETE", f"/sessions/{session}").status in (200, 204)


def test_headers_come_and_go_with_a_wrapped_request(container: Container) -> None:
    asked = {"x-request-id": "mine-1", "x-api-key": KEY}
    answer = container.wrapped("GET", "/version", headers=asked)
    assert answer.headers["x-request-id"] == "mine-1"
    assert answer.headers["x-release"] == answer.json()["release"] == RELEASE


def test_another_release_says_so_at_once_and_asks_no_model(
    in_front: Container, upstream: ScriptedUpstream
) -> None:
    answer = in_front.wrapped("POST", "/v1/chat/completions", release="fedcba987654", body=CHAT)
    assert answer.status == 421
    assert answer.headers["x-release"] == RELEASE
    assert upstream.calls == []


def test_a_wrapped_stream_comes_as_it_is_written(container: Container) -> None:
    body = {"llmops_request": request("POST", "/v1/chat/completions", body=CHAT | {"stream": True})}
    with container.platform.stream("POST", PREDICT, json=body) as answer:
        pieces = list(answer.iter_raw())
    head, *events = b"".join(pieces).split(b"\n")
    assert ["content-type", "text/event-stream"] in json.loads(head)["headers"]
    assert len(pieces) > 2
    assert b"data: [DONE]" in events


def test_a_body_over_the_limit_is_refused_by_the_route_that_it_is_for(
    container: Container,
) -> None:
    padding = {"padding": "x" * (2 * 1024 * 1024)}
    assert container.wrapped("POST", "/v1/chat/completions", body=padding).status == 413
    assert container.predict({"instances": ["x" * (2 * 1024 * 1024)]}).status_code == 413


def test_what_is_no_wrapped_request_is_refused(container: Container) -> None:
    wrong = [
        request("GET", "version"),
        request("TRACE", "/version"),
        request("GET", "/version", headers={"host": "elsewhere"}),
        {**request("POST", "/sessions"), "body": "not base64"},
        "a text",
    ]
    for one in wrong:
        answer = container.predict({"llmops_request": one})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 400), one
    assert container.platform.post(PREDICT, content=b"[").status_code == 400


def test_the_health_route_is_the_readiness(container: Container) -> None:
    answer = container.platform.get(VARIABLES["AIP_HEALTH_ROUTE"])
    assert (answer.status_code, answer.json()["status"]) == (200, "healthy")


def test_it_listens_where_vertex_says(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {**clean_environment(), **VARIABLES, "AIP_HTTP_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "llmops_cli.serve"],
        cwd=tmp_path,
        env={**variables, "LLMOPS_API_KEY": KEY},
        stdout=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: _health(port) == 200)
    finally:
        process.terminate()
        process.wait()


def test_a_part_of_the_contract_alone_opens_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "llmops_cli.serve"],
        cwd=tmp_path,
        env={**clean_environment(), "LLMOPS_API_KEY": KEY, "AIP_PREDICT_ROUTE": "/predict"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "AIP_PREDICT_ROUTE: goes with" in done.stderr


def _health(port: int) -> int:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}{VARIABLES['AIP_HEALTH_ROUTE']}").status_code
    except httpx2.TransportError:
        return 0
