"""An agent on a server for tests, as a login gets it, and small releases for it."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.contents.requirements import locked
from llmops_cli.hosts.agent_package import agent_archive, loader
from tests.hosts.machine import Machine

APP = "shop"
_PROGRAM = """
import json, os, socket, sys, threading
def say(text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.connect(os.environ["NOTIFY_SOCKET"])
        told.send(text.encode())
name = os.environ["RELEASE"]
print(name, "starts", flush=True)
say("READY=1")
listening = socket.socket(fileno=3)
body = json.dumps({"release": name}).encode()
while True:
    visitor, _ = listening.accept()
    with visitor:
        visitor.recv(65536)
        visitor.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
    print(name, "was asked", flush=True)
"""
_SERVICE = f"""[Unit]
PartOf={APP}.service
Requires={APP}@NAME.socket
After={APP}@NAME.socket
[Service]
Type=notify
Environment=RELEASE=NAME
ExecStart=/opt/{APP}/releases/NAME/venv/bin/python /opt/{APP}/releases/NAME/app/main.py
User={APP}
"""
_SOCKET = f"""[Unit]
PartOf={APP}.service
[Socket]
ListenStream=/run/{APP}/NAME.sock
SocketUser={APP}
SocketMode=0600
"""
_BOOT = f"""[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/python3 -I /opt/{APP}/agent.pyz boot {APP}
ExecStop=/usr/bin/python3 -I /opt/{APP}/agent.pyz halt {APP}
[Install]
WantedBy=multi-user.target
"""


@dataclass
class FarAgent:
    """Asks an agent on a server, and remembers what it told."""

    process: "subprocess.Popen[bytes]"
    hello: dict[str, Any]
    told: list[str] = field(default_factory=list)

    def say(self, verb: str, payload: bytes = b"", **details: Any) -> None:
        """Ask, and do not wait."""
        assert self.process.stdin is not None
        message = {"do": verb, "bytes": len(payload), **details}
        self.process.stdin.write(json.dumps(message).encode() + b"\n" + payload)
        self.process.stdin.flush()

    def heard(self) -> dict[str, Any]:
        """Return what it says next; nothing where it has ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found: dict[str, Any] = json.loads(line) if line else {}
        if "told" in found:
            self.told.append(found["told"])
        return found

    def ask(self, verb: str, payload: bytes = b"", **details: Any) -> dict[str, Any]:
        """Ask, and return the answer of an agent that does it."""
        self.say(verb, payload, **details)
        while "told" in (found := self.heard()):
            pass
        assert "answer" in found, found
        answer: dict[str, Any] = found["answer"]
        return answer


@contextmanager
def far_agent(machine: Machine) -> Iterator[FarAgent]:
    """Log in and talk with the agent, sent if it is not kept there."""
    archive = agent_archive()
    words = ["sudo", "-n", "python3", "-I", "-c", loader(), APP]
    words += [hashlib.sha256(archive).hexdigest(), str(len(archive))]
    docker = ["docker", "exec", "-i", "-u", "deploy", machine.name]
    with subprocess.Popen(
        [*docker, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        hello = json.loads(process.stdout.readline())
        if hello["agent"] == "wanted":
            process.stdin.write(archive)
            process.stdin.flush()
        try:
            yield FarAgent(process, hello)
        finally:
            process.stdin.close()
            process.stdout.read()


def prepare(machine: Machine) -> None:
    """Make as much of the bootstrap as these releases need."""
    machine.run("sh", "-c", f"useradd --system {APP} && mkdir -m 755 /opt/{APP}")
    machine.run("sh", "-c", f"cat > /etc/systemd/system/{APP}.service", input=_BOOT)


def packages() -> str:
    """Return requirements that pip needs a while for."""
    return locked(["serve"])


def stage(agent: FarAgent, release: str, requirements: str = "") -> None:
    """Send a release and say that it is to be written."""
    program = _PROGRAM.encode()
    key = hashlib.sha256(program).hexdigest()
    agent.ask("put", program, objects=[[key, len(program)]])
    units = {
        "service": _SERVICE.replace("NAME", release),
        "socket": _SOCKET.replace("NAME", release),
    }
    contents = {
        "files": [["app/main.py", key]],
        "requirements": [requirements] if requirements else [],
        "units": units,
    }
    agent.say("write", json.dumps(contents).encode(), release={"id": release, "commit": release})


def deploy(agent: FarAgent, release: str) -> None:
    """Put a release into service, the way a rollout does."""
    before = agent.ask("state")["current"]
    stage(agent, release)
    while "answer" not in (found := agent.heard()):
        assert "told" in found, found
    agent.ask("start", release=release, seconds=60)
    agent.ask("promote", release=release, expected=before)
    agent.ask("settle", release=release)
