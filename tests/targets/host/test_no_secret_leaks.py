"""A secret of a host is in its own file and in the memory of the API, and nowhere else."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.hosts.host_project import APP, HostProject
from tests.hosts.machines import needs_hosts
from tests.test_no_secret_leaks import forms

pytestmark = [needs_hosts, pytest.mark.timeout(300)]
# Of this test alone: all processes of the machine are looked at, those of other tests too.
KEY = "sentinel-of-a-host+key/9c41d7e2=~0123"
ROTATED = "rotated-of-a-host+key/3b8f60a5=~89ab"
NEEDLES = [form for value in (KEY, ROTATED) for form in forms(value)]
#: Prints all that a host keeps or tells, but the values themselves.
EVERYTHING = f"""
journalctl --output=export --no-pager; systemctl show '*' --no-pager; nginx -T 2>&1
cat /etc/systemd/system/{APP}* /run/systemd/system/* /run/systemd/transient/*
find / -xdev -path /proc -prune -o -path /sys -prune -o -path /opt/{APP}/secrets -prune \\
  -o -type f -newer /etc/hostname -size -20M -print0 | xargs -0 cat
find /opt /var/lib/{APP} /run/{APP} /tmp -type f -not -path '/opt/{APP}/secrets/*' \\
  -not -path '*/site-packages/*' -print0 | xargs -0 cat
"""


def leaks(text: bytes) -> bool:
    """Whether one of the values is in it, however it is written."""
    return any(needle in text for needle in NEEDLES)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Look over and over at every process of this machine, which those of its containers are."""
    guilty: list[str] = []
    ending = threading.Event()

    def look() -> None:
        while not ending.wait(0.02):
            for folder in Path("/proc").glob("[0-9]*"):
                for name in ("cmdline", "environ"):
                    try:
                        text = (folder / name).read_bytes()
                    except OSError:
                        continue
                    if leaks(text):
                        guilty.append(f"{name} of {folder.name}: {text!r}")

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield guilty
    finally:
        ending.set()
        thread.join()


def test_a_secret_is_nowhere_but_in_its_file(deployed: HostProject) -> None:
    [machine] = deployed.machines
    said = []
    with watched() as guilty:
        said.append(deployed.ok("secrets", "set", "LLMOPS_API_KEY", input=KEY))
        deployed.change("With another key.")
        said.append(deployed.ok("deploy"))
        assert asked(deployed, KEY) == 200
        said.append(deployed.ok("secrets", "rotate", "LLMOPS_API_KEY", input=ROTATED))
        assert asked(deployed, ROTATED) == 200
        for words in (["rollback"], ["status"], ["releases"], ["logs"], ["doctor"], ["render"]):
            said.append(deployed.llmops(*words))
    assert guilty == []
    assert [run.said for run in said if leaks(run.said.encode())] == []
    assert not leaks(machine.run("sh", "-c", EVERYTHING, check=False).encode())
    files = [path for path in deployed.root.rglob("*") if path.is_file()]
    assert [path for path in files if leaks(path.read_bytes())] == []
    modes = machine.run(
        "find", f"/opt/{APP}/secrets", "-perm", "/077", "-o", "-not", "-user", "root"
    )
    assert modes == ""


def asked(project: HostProject, key: str) -> int:
    """The status of an answer to somebody with a key."""
    with project.client(headers={"authorization": f"Bearer {key}"}) as client:
        return client.get("/v1/models").status_code
