"""Conversations with agents over a real sshd: answers, payloads, refusals, cuts and closings."""

import contextlib
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from llmops_cli.errors import AccessError, PreflightError
from llmops_cli.hosts.several import Hosts
from llmops_cli.hosts.trouble import RefusedError, UnreachableError
from tests.hosts.socket_server import serving
from tests.hosts.ssh_hosts import SshHosts, is_alive, ssh_hosts
from tests.ssh_server import needs_ssh
from tests.waiting import eventually

pytestmark = needs_ssh

#: Answers by what it is asked; it reads what comes as it comes.
_TALKER = """
import json, os, sys, time
def say(**message):
    print(json.dumps(message), flush=True)
print("Last login: today")
say(hello="llmops", agent="wanted" if int(sys.argv[3]) else "kept")
got = sys.stdin.buffer.read(int(sys.argv[3]))
beats = 0
while line := sys.stdin.buffer.readline():
    asked = json.loads(line)
    payload = sys.stdin.buffer.read(asked.get("bytes", 0))
    verb = asked["do"]
    if verb == "beat":
        beats += 1
    elif verb == "echo":
        say(told="one")
        say(told="two")
        say(answer={"size": len(payload), "word": asked["word"], "agent": len(got)})
    elif verb == "refuse":
        say(refused="The disk is full.", evidence="0 bytes", why="full")
    elif verb == "who":
        say(answer={"pid": os.getpid(), "login": os.geteuid()})
    elif verb == "hang":
        say(told="waiting")
    elif verb == "babble":
        print("Segmentation fault", flush=True)
    elif verb == "die":
        print("the agent ends", file=sys.stderr, flush=True)
        sys.exit(7)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[SshHosts]:
    with ssh_hosts() as found:
        yield found


@contextlib.contextmanager
def talking(server: SshHosts, *names: str, may_fail: int = 0) -> Iterator[Hosts]:
    hosts = server.hosts(names or ("host1",), may_fail=may_fail, agent=_TALKER)
    try:
        yield hosts
    finally:
        hosts.close()


def test_questions_are_answered_in_order_whatever_their_login_prints(server: SshHosts) -> None:
    with talking(server) as hosts:
        said: list[str] = []
        session = hosts.session("host1")
        whole = bytes(range(256)) * 8192
        answer = session.ask("echo", payload=whole, tell=said.append, word="é\n")
        assert answer == {"size": len(whole), "word": "é\n", "agent": 0}
        assert said == ["one", "two"]
        assert session.ask("echo", word=None)["size"] == 0
        # What was sent can be measured, also when it is over.
        assert 0 < hosts.sent["host1"] - len(whole) < 200
        hosts.close()
        assert hosts.sent["host1"] > len(whole)


def test_a_refusal_is_an_error_with_its_reason_and_the_conversation_goes_on(
    server: SshHosts,
) -> None:
    with talking(server) as hosts:
        with pytest.raises(RefusedError, match="disk is full") as caught:
            hosts.session("host1").ask("refuse")
        assert (caught.value.why, caught.value.evidence) == ("full", "0 bytes")
        assert hosts.session("host1").ask("who")["login"] == 0


@pytest.mark.parametrize("verb", ["die", "babble"])
def test_an_agent_that_ends_or_babbles_is_a_broken_connection(server: SshHosts, verb: str) -> None:
    with talking(server) as hosts:
        session = hosts.session("host1")
        with pytest.raises(UnreachableError, match="host1 broke"):
            session.ask(verb)
        assert not session.is_open
        # The next question opens another one.
        assert hosts.session("host1").ask("who")


def test_an_answer_that_nobody_waited_for_is_given_to_nobody_else(server: SshHosts) -> None:
    with talking(server) as hosts:
        session = hosts.session("host1")
        lines = session.follow("echo", word="old")
        assert next(lines) == "one"
        with pytest.raises(UnreachableError):
            session.ask("who")


def test_closing_wakes_who_waits_and_ends_the_agent(server: SshHosts) -> None:
    with talking(server) as hosts:
        session = hosts.session("host1")
        pid = session.ask("who")["pid"]
        came: list[str] = []

        def wait() -> None:
            came.extend(session.follow("hang"))
            came.append("ended")

        waiting = threading.Thread(target=wait)
        waiting.start()
        eventually(lambda: came == ["waiting"])
        session.close()
        waiting.join()
        assert came == ["waiting", "ended"]
        eventually(lambda: not is_alive(pid))


def test_the_agent_ends_with_a_command_that_is_killed(server: SshHosts, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from tests.hosts.ssh_hosts import SshHosts\nfrom tests.hosts.test_session import _TALKER\n"
        f"hosts = SshHosts(Path({str(server.folder)!r}), 0).hosts(['host1'], agent=_TALKER)\n"
        "session = hosts.session('host1')\nprint(session.ask('who')['pid'], flush=True)\n"
        "session.beat()\nsys.stdin.read()\n"
    )
    killed = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with killed:
        assert killed.stdout is not None
        pid = int(killed.stdout.readline())
        assert is_alive(pid)
        killed.send_signal(signal.SIGKILL)
    eventually(lambda: not is_alive(pid))


def test_several_hosts_are_asked_at_once_and_each_that_fails_is_told(server: SshHosts) -> None:
    with talking(server, "host1", "host2", "host3") as hosts:
        meeting = threading.Barrier(3, timeout=30)

        def ask(host: str, session: object) -> str:
            meeting.wait()
            return host

        assert hosts.each(ask) == {name: name for name in hosts.names}
        with pytest.raises(RefusedError, match="2 of 3 hosts failed: host1, host3") as caught:
            hosts.each(lambda host, s: s.ask("who" if host == "host2" else "refuse"))
        assert caught.value.evidence.splitlines()[0] == "host1: The disk is full. 0 bytes"


def test_as_many_hosts_as_the_project_lets_may_be_down_and_no_more(server: SshHosts) -> None:
    with talking(server, "host1", "down", may_fail=1) as hosts:
        assert hosts.there == ("host1",)
        assert list(hosts.reached()) == ["down"]
    with talking(server, "host1", "down") as hosts:
        with pytest.raises(UnreachableError, match="down cannot be reached"):
            _ = hosts.there


def test_a_socket_there_is_a_port_here_until_it_is_closed(server: SshHosts, tmp_path: Path) -> None:
    with talking(server) as hosts, serving(tmp_path / "s") as path:
        session = hosts.session("host1")
        url = f"http://{session.forwarded(path)}/"
        assert httpx2.get(url).text == "from the socket"
        session.close()
        with pytest.raises(httpx2.ConnectError):
            httpx2.get(url)


def test_a_socket_there_is_a_socket_here_that_nobody_else_can_use(
    server: SshHosts, tmp_path: Path
) -> None:
    with talking(server) as hosts, serving(tmp_path / "s") as path:
        session = hosts.session("host1")
        place = Path(session.forwarded_privately(path))
        with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(place))) as client:
            assert client.get("http://host/").text == "from the socket"
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        session.close()
        assert not place.parent.exists()


def test_a_host_that_forbids_to_forward_is_told_as_such(tmp_path: Path) -> None:
    with (
        ssh_hosts("AllowStreamLocalForwarding no\n") as server,
        talking(server) as hosts,
        serving(tmp_path / "s") as path,
    ):
        with pytest.raises(AccessError, match="forbids to forward") as caught:
            hosts.session("host1").forwarded(path)
        assert "AllowStreamLocalForwarding yes" in caught.value.next_step


def test_a_host_whose_key_changed_gets_nothing(server: SshHosts) -> None:
    known = server.folder / "ssh" / "known_hosts"
    before = known.read_text()
    other = (server.folder / "ssh" / "login.pub").read_text()
    known.write_text(f"demo {other}")
    try:
        with talking(server) as hosts, pytest.raises(AccessError, match="not the one") as caught:
            hosts.session("host1")
        assert "Nothing was sent" in caught.value.state
        known.write_text("")
        with talking(server) as hosts, pytest.raises(AccessError, match="not known here"):
            hosts.session("host1")
    finally:
        known.write_text(before)


def test_a_python_that_is_missing_or_too_old_is_told_with_what_mends_it(server: SshHosts) -> None:
    missing = replace(server.hosts(["host1"]), python="python9")
    with pytest.raises(PreflightError, match=r"no Python 3\.11") as caught:
        missing.session("host1")
    assert "apt-get install" in caught.value.next_step
    refusing = 'print(\'{"refused": "Python 3.9 runs on the host; llmops needs 3.11"}\')'
    with pytest.raises(PreflightError, match=r"no Python 3\.11") as caught:
        server.hosts(["host1"], agent=refusing).session("host1")
    assert "3.9" in caught.value.evidence
