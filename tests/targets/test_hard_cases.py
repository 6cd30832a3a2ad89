"""What a hostile day brings: hung and forking releases, lost files, answers that do not arrive."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.poller import polled
from tests.project import Project, make_project
from tests.waiting import eventually

SECONDS = 60

#: Routes beside our own: one that forks a child and one that blocks the whole process.
FORKING_ROUTES = """
import os, time
from fastapi import APIRouter

router = APIRouter()

@router.get("/fork")
async def fork() -> int:
    child = os.fork()
    if child == 0:
        time.sleep(300)
        os._exit(0)
    return child

@router.get("/block")
async def block() -> None:
    time.sleep(300)
"""


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or is only waiting for its parent to hear of it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture
def forking(tmp_path: Path) -> Iterator[Project]:
    project = make_project(tmp_path / "chat", api='routers = ["own:router"]')
    project.write("own.py", FORKING_ROUTES)
    project.commit("Own routes")
    try:
        project.ok("deploy")
        yield project
    finally:
        project.close()


def ask(project: Project, path: str, seconds: float) -> httpx2.Response:
    key = (project.state / "secrets/LLMOPS_API_KEY/1").read_text()
    return httpx2.get(project.url + path, headers={"x-api-key": key}, timeout=seconds)


def test_a_release_that_forked_is_restarted_and_its_child_takes_no_connection(
    forking: Project,
) -> None:
    child = ask(forking, "/fork", 10).json()
    release, pid = next(iter(forking.processes().items()))
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: forking.processes().get(release, pid) != pid)
    assert forking.serving() == release
    eventually(lambda: has_ended(child))
    forking.ok("stop", "--yes", "--grace", "5")


def test_a_release_that_hangs_when_its_supervisor_dies_is_replaced(forking: Project) -> None:
    release, pid = next(iter(forking.processes().items()))
    with pytest.raises(httpx2.ReadTimeout):
        ask(forking, "/block", 0.3)
    forking.kill_supervisor()
    forking.ok("start")
    assert forking.serving() == release
    assert forking.processes()[release] != pid
    eventually(lambda: has_ended(pid))


def test_a_fix_is_deployed_over_a_release_that_hangs(project: Project) -> None:
    project.ok("deploy")
    pid = next(iter(project.processes().values()))
    os.kill(pid, signal.SIGSTOP)
    new = project.change("The fix.")
    project.ok("deploy")
    assert project.serving() == new
    eventually(lambda: list(project.processes()) == [new])


def test_an_interrupt_while_the_release_is_being_recorded_leaves_one_release_serving(
    project: Project,
) -> None:
    project.ok("deploy")
    new = project.change("Second.")
    supervisor = str(project.supervisor()["pid"])
    done = subprocess.run(
        [sys.executable, "-m", "tests.interrupted_settle", str(project.root), supervisor],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "The release is live, but tidying up was cut short" in done.stderr
    assert project.serving() == new
    eventually(lambda: list(project.processes()) == [new])


def test_a_removed_socket_is_put_back(project: Project) -> None:
    project.ok("deploy")
    before = project.supervisor()["pid"]
    (project.state / "run" / "supervisor.sock").unlink()
    project.ok("start")
    assert project.supervisor()["pid"] == before


def test_a_new_release_replaces_one_whose_folder_was_lost(project: Project) -> None:
    project.ok("deploy")
    old = project.serving()
    shutil.rmtree(project.state / "releases" / old)
    assert "missing or damaged" in project.ok("status").out
    new = project.change("Second.")
    with polled(project.url) as answers:
        project.ok("deploy")
    assert answers.faults == []
    assert project.serving() == new
    assert project.ok("--json", "status").document["trouble"] == ""


@pytest.mark.parametrize("name", ["live.json", "names.json", "history.jsonl", "lock"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b'{"release": "x"}', b"[1]"])
def test_a_damaged_file_is_no_defect_and_the_next_deploy_goes_on(
    idle: Project, name: str, content: bytes
) -> None:
    (idle.state / name).write_bytes(content)
    for command in ("status", "releases", "plan"):
        run = idle.llmops(command)
        assert run.status in (0, 11), run.said
        assert "defect" not in run.said
    idle.change(f"{name} {content!r}")
    idle.ok("deploy")
    assert idle.ok("--json", "status").document["trouble"] == ""


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    made = make_project(tmp_path_factory.mktemp("idle") / "chat")
    made.ok("deploy")
    yield made
    made.close()


def test_a_commit_with_an_object_missing_fails_the_deploy(project: Project) -> None:
    project.ok("deploy")
    old = project.serving()
    project.write("zz.txt", "the last file of the archive\n")
    project.commit("Add a file")
    blob = project.git("rev-parse", "HEAD:zz.txt")
    (project.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    run = project.llmops("--json", "deploy")
    assert run.status == 7, run.said
    assert "git fsck" in run.document["error"]["next"]
    assert project.serving() == old


def test_a_link_that_leaves_the_release_is_refused_by_its_name(project: Project) -> None:
    (project.root / "outside").symlink_to("/etc/passwd")
    project.commit("Link outside")
    run = project.llmops("--json", "deploy")
    assert run.status == 7, run.said
    assert "outside" in run.document["error"]["evidence"]
    assert "Remove that file or link" in run.document["error"]["next"]
