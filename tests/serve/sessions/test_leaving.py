"""A client that leaves during a turn takes the call of the model with it, and leaves no trace."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from tests.serve.scripted_upstream import ScriptedUpstream, answers, hangs, waits_then_answers
from tests.serve.served import KEY, Served
from tests.waiting import eventually


def say_and_stay(api: Served, session: str, message: str, **more: object) -> socket.socket:
    """Send a message, and return the connection on which an answer would come."""
    body = json.dumps({"message": message, **more}).encode()
    address = urlsplit(api.address)
    assert address.hostname
    assert address.port
    connection = socket.create_connection((address.hostname, address.port))
    connection.sendall(
        f"POST /sessions/{session}/message HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    return connection


def statuses(api: Served) -> list[int]:
    return [line["status"] for line in api.log() if line["message"] == "Request completed"]


def test_the_call_of_the_model_ends_and_neither_side_is_kept(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    session = gateway.new_session()
    upstream.plays(hangs, answers("fine"))
    with say_and_stay(gateway, session, "first"):
        assert upstream.arrived.wait(5)
    assert upstream.abandoned.wait(5)
    assert gateway.say(session, "second").json()["assistant"]["answer"] == "fine"
    kept = gateway.get(f"/sessions/{session}").json()["messages"]
    assert [row["content"] for row in kept] == ["second", "fine"]
    assert eventually(lambda: 499 in statuses(gateway))
    assert 500 not in statuses(gateway)


def test_who_leaves_while_another_turn_is_under_way_is_not_waited_for(
    gateway: Served, upstream: ScriptedUpstream
) -> None:
    session = gateway.new_session()
    upstream.plays(waits_then_answers("one"), answers("three"))
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(gateway.say, session, "first")
        assert upstream.arrived.wait(5)
        left = statuses(gateway).count(499)
        with say_and_stay(gateway, session, "second"):
            gateway.get("/health")
        assert eventually(lambda: statuses(gateway).count(499) > left)
        upstream.go_on.set()
        assert first.result().status_code == 200
    assert gateway.say(session, "third").status_code == 200
    told = [message["content"] for message in upstream.calls[-1].messages[1:]]
    assert told == ["first", "one", "third"]
