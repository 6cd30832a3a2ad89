"""What the local target survives: dead processes, a dead supervisor, a taken port, a full disk."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.poller import polled
from tests.project import Project, make_project
from tests.waiting import eventually

SECONDS = 30


def test_a_killed_release_process_is_restarted_and_nobody_is_refused(project: Project) -> None:
    project.ok("deploy")
    release, pid = next(iter(project.processes().items()))
    os.kill(pid, signal.SIGKILL)
    # A new connection waits in the socket that the supervisor holds open.
    assert project.serving() == release
    assert project.processes()[release] != pid
    status = project.ok("--json", "status").document
    assert "restarted 1 times" in status["trouble"]


def test_a_release_that_keeps_ending_is_restarted_later_and_later(project: Project) -> None:
    project.ok("deploy")
    gaps, last = [], time.monotonic()
    for _ in range(4):
        pid = eventually(lambda: next(iter(project.processes().values()), None))
        os.kill(int(str(pid)), signal.SIGKILL)
        eventually(lambda pid=pid: pid not in project.processes().values() and project.serving())
        gaps.append(time.monotonic() - last)
        last = time.monotonic()
    assert gaps[3] > gaps[0]
    assert project.supervisor()["restarts"] == 4


def test_a_release_serves_on_without_its_supervisor_and_status_says_so(project: Project) -> None:
    project.ok("deploy")
    release = project.serving()
    with polled(project.url) as answers:
        project.kill_supervisor()
        status = project.ok("--json", "status").document
    assert answers.faults == []
    assert "The supervisor is not running" in status["trouble"]
    assert status["live"]["id"] == release
    assert status["next"] == "llmops start"


@pytest.mark.parametrize("command", ["start", "deploy"])
def test_a_new_supervisor_takes_over_the_running_process_without_a_gap(
    project: Project, command: str
) -> None:
    project.ok("deploy")
    old, pid = next(iter(project.processes().items()))
    project.kill_supervisor()
    if command == "deploy":
        project.change("Second.")
    with polled(project.url) as answers:
        project.ok(command)
    assert answers.faults == []
    status = project.ok("--json", "status").document
    assert status["trouble"] == ""
    if command == "start":
        assert project.processes() == {old: pid}
    else:
        assert status["answers"] == project.git("rev-parse", "HEAD")[:12]


def test_deploying_the_live_commit_recovers_a_dead_supervisor(project: Project) -> None:
    project.ok("deploy")
    release = project.serving()
    project.kill_supervisor()
    project.ok("deploy")
    assert project.ok("--json", "status").document["trouble"] == ""
    assert project.serving() == release


def test_after_a_reboot_start_brings_the_recorded_release_back(project: Project) -> None:
    project.ok("deploy")
    release, pid = next(iter(project.processes().items()))
    project.kill_supervisor()
    os.kill(pid, signal.SIGKILL)
    status = project.ok("--json", "status").document
    assert status["live"] is None
    assert "nothing serves" in status["trouble"]
    project.ok("start")
    assert project.serving() == release


def test_stop_ends_everything_and_start_goes_on(project: Project) -> None:
    project.ok("deploy")
    release = project.serving()
    assert project.llmops("stop").status == 2
    assert project.serving() == release
    project.ok("stop", "--yes")
    with pytest.raises(httpx2.ConnectError):
        project.serving()
    assert "stopped by an operator" in project.ok("status").out
    project.ok("start")
    assert project.serving() == release


def test_stop_ends_a_release_that_serves_without_its_supervisor(project: Project) -> None:
    project.ok("deploy")
    project.kill_supervisor()
    project.ok("stop", "--yes")
    with pytest.raises(httpx2.ConnectError):
        project.serving()


def test_stop_lets_a_stream_finish(project: Project) -> None:
    project.ok("deploy")
    with stream(project, 40) as response:
        lines = response.iter_lines()
        next(lines)
        stopping = project.popen("stop", "--yes")
        rest = list(lines)
    assert rest[-2 if rest[-1] == "" else -1] == "data: [DONE]"
    stopping.communicate(timeout=SECONDS)
    assert stopping.returncode == 0


def stream(project: Project, count: int):
    question = {
        "model": "demo",
        "stream": True,
        "messages": [{"role": "user", "content": f"count to {count}"}],
    }
    key = (project.state / "secrets" / "LLMOPS_API_KEY" / "1").read_text()
    return httpx2.stream(
        "POST",
        f"{project.url}/v1/chat/completions",
        json=question,
        headers={"authorization": f"Bearer {key}"},
        timeout=SECONDS,
    )


def test_a_taken_port_is_told_before_anything_is_touched(project: Project) -> None:
    with socket.create_server(("127.0.0.1", project.port)):
        run = project.llmops("--json", "deploy")
    assert run.status == 4
    assert f"127.0.0.1:{project.port} cannot be listened on" in run.document["error"]["evidence"]
    assert not project.state.joinpath("releases").exists()
    project.ok("deploy")


def test_two_deploys_at_once_end_with_one_done_and_one_told_who_holds_the_lock(
    project: Project,
) -> None:
    project.ok("deploy")
    new = project.change("Second.")
    both = [project.popen("--json", "deploy") for _ in range(2)]
    ended = [process.communicate(timeout=90) for process in both]
    statuses = sorted(process.returncode for process in both)
    assert project.serving() == new
    # The later one finds the lock held, or, if it came late, nothing left to do.
    assert statuses in ([0, 6], [0, 0]), ended
    if statuses == [0, 6]:
        refused = next(out for (out, _err), p in zip(ended, both, strict=True) if p.returncode)
        assert "runs `llmops deploy`" in refused


def test_a_deploy_that_waits_for_the_lock_is_done_after_the_other_one(project: Project) -> None:
    project.ok("deploy")
    new = project.change("Second.")
    both = [project.popen("deploy", "--lock-wait", "60") for _ in range(2)]
    ended = [process.communicate(timeout=90) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    assert sum("live already" in out for out, _err in ended) == 1
    assert project.serving() == new


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a full disk needs root and mount")
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], check=False
    )
    if mounted.returncode:
        pytest.skip("a full disk needs the right to mount")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_fails_the_deploy_and_the_old_release_serves_on(
    tmp_path: Path, small_disk: Path
) -> None:
    project = make_project(tmp_path / "chat")
    shutil.copytree(project.root / ".llmops", small_disk / ".llmops")
    shutil.rmtree(project.root / ".llmops")
    (project.root / ".llmops").symlink_to(small_disk / ".llmops")
    project.write(".gitignore", ".llmops\n")
    project.commit()
    try:
        project.ok("deploy")
        old = project.serving()
        project.write("data.bin", os.urandom(2_000_000).hex())
        project.commit("Too large")
        run = project.llmops("--json", "deploy")
        assert run.status == 7, run.said
        assert "No space left" in run.document["error"]["evidence"]
        assert f"{old} is serving" in run.document["error"]["state"]
        assert project.serving() == old
        assert os.listdir(project.state / "releases") == [old]
        project.git("rm", "-q", "data.bin")
        project.commit("Smaller")
        project.ok("deploy")
    finally:
        project.close()


def test_an_interrupted_deploy_exits_130_and_reports_what_serves(project: Project) -> None:
    project.ok("deploy")
    old = project.serving()
    project.change("Second.")
    deploying = project.popen("deploy")
    assert deploying.stderr is not None
    line = ""
    while "Wait until" not in line:
        line = deploying.stderr.readline()
    deploying.send_signal(signal.SIGINT)
    _out, err = deploying.communicate(timeout=SECONDS)
    assert deploying.returncode == 130, err
    assert f"{old} is serving at {project.url}, as before" in err
    assert "The lock is released" in err
    assert project.serving() == old
    project.ok("deploy")


def test_a_release_process_gets_no_secret_value_and_none_of_the_operators_environment(
    project: Project,
) -> None:
    project.environment["AWS_SECRET_ACCESS_KEY"] = "sentinel-of-the-operator"
    project.ok("deploy")
    pid = next(iter(project.processes().values()))
    for of in ("environ", "cmdline"):
        words = Path(f"/proc/{pid}/{of}").read_text()
        assert "sentinel-of-the-operator" not in words
        assert "key-for-tests" not in words


def test_a_project_at_a_very_long_path_deploys(tmp_path: Path) -> None:
    project = make_project(tmp_path / ("d" * 60) / ("e" * 60) / "chat")
    try:
        project.ok("deploy")
        assert project.serving()
    finally:
        project.close()


def test_logs_follow_the_live_release_across_a_deploy(project: Project) -> None:
    project.ok("deploy")
    first = project.serving()
    following = project.popen("logs", "-f", "-n", "1")
    try:
        assert following.stdout is not None
        assert first in following.stdout.readline()
        second = project.change("Second.")
        project.ok("deploy")
        line = ""
        while second not in line:
            line = following.stdout.readline()
    finally:
        following.kill()
        following.communicate()


def test_a_new_commit_is_deployed_after_a_reboot(project: Project) -> None:
    project.ok("deploy")
    pid = next(iter(project.processes().values()))
    project.kill_supervisor()
    os.kill(pid, signal.SIGKILL)
    new = project.change("Second.")
    project.ok("deploy")
    assert project.serving() == new
    eventually(lambda: list(project.processes()) == [new])


def test_a_new_commit_is_deployed_after_a_stop(project: Project) -> None:
    project.ok("deploy")
    project.ok("stop", "--yes")
    new = project.change("Second.")
    project.ok("deploy")
    assert project.processes().keys() == {new}
    assert project.ok("--json", "status").document["trouble"] == ""


def test_a_supervisor_of_another_version_hands_over_to_ours_without_a_gap(
    project: Project,
) -> None:
    code = (
        "import sys, llmops_cli; llmops_cli.__version__ = '0.0.0'\n"
        "from llmops_cli.targets.local.supervisor import main\n"
        "sys.exit(main())"
    )
    project.ok("deploy")
    release, pid = next(iter(project.processes().items()))
    project.kill_supervisor()
    old = subprocess.Popen([sys.executable, "-c", code, str(project.state)])
    try:
        eventually(lambda: project.supervisor()["version"] == "0.0.0")
        with polled(project.url) as answers:
            project.ok("start")
        assert old.wait(SECONDS) == 0
    finally:
        old.kill()
        old.wait()
    assert project.supervisor()["version"] != "0.0.0"
    assert answers.faults == []
    assert project.processes() == {release: pid}
