"""Whatever goes wrong on a host, the address goes on answering, and the next deploy works."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.hosts.host_project import APP, HostProject
from tests.hosts.machines import needs_hosts
from tests.poller import polled
from tests.waiting import eventually

pytestmark = [needs_hosts, pytest.mark.timeout(300)]
SITE = f"/etc/nginx/conf.d/{APP}.conf"
CRASHES = "raise RuntimeError('as the test wants it')\n"
HANGS = "import time\ntime.sleep(1000)\n"
EATS = "eaten = b'x' * (1000 << 20)\n"
#: A file system for the releases that holds what is there, and a little more.
SMALL_DISK = f"""
size=$(( $(du -sk /opt/{APP} | cut -f1) + 200 ))
cp -a /opt/{APP} /opt/kept
mount -t tmpfs -o size=${{size}}k tmpfs /opt/{APP}
cp -a /opt/kept/. /opt/{APP}/
head -c 1G /dev/zero > /opt/{APP}/filler
"""
#: An interpreter for whose programs it is another day.
LATE = """#!/bin/sh
[ "$1 $2" = "-I -c" ] || exec /usr/bin/python3 "$@"
shift 2; code=$1; shift
exec /usr/bin/python3 -I -c "import time; now = time.time; time.time = lambda: now() - 400 * 86400
$code" "$@"
"""


@contextmanager
def sick(project: HostProject, code: str, target: str) -> Iterator[str]:
    """Commit an API that is ill in its own way; the project is well again afterwards."""
    text = (project.root / "llmops.toml").read_text()
    ill = text.replace("[api]", '[api]\nrouters = ["broken:router"]')
    project.write("llmops.toml", ill.replace("[targets.host]", f"[targets.host]\n{target}"))
    project.write("broken.py", code)
    try:
        yield project.commit("Sick")
    finally:
        project.write("llmops.toml", text)
        project.commit("Well")


@pytest.mark.parametrize(
    ("code", "target", "evidence"),
    [
        pytest.param(CRASHES, "", "as the test wants it", id="crashes"),
        pytest.param(HANGS, "ready_seconds = 4", "ready within 4 s", id="never ready"),
        pytest.param(EATS, 'memory = "200m"', "200 MiB of memory", id="eats its memory"),
    ],
)
def test_a_release_that_does_not_come_up_is_undone_and_the_old_one_serves(
    deployed: HostProject, code: str, target: str, evidence: str
) -> None:
    before = deployed.serving()
    with sick(deployed, code, target), polled(deployed.url, trust=deployed.trust) as answers:
        run = deployed.llmops("deploy")
    assert run.status == 8, run.said
    assert evidence in run.said
    assert f"{before} is serving" in run.said
    assert (answers.faults, set(answers.releases)) == ([], {before})
    eventually(lambda: deployed.rests_at(before))
    assert deployed.ok("deploy").status == 0


def test_a_live_release_that_is_killed_comes_back_and_who_waits_is_answered(
    deployed: HostProject,
) -> None:
    live = deployed.serving()
    kill = ("systemctl", "kill", "--signal", "SIGKILL", deployed.unit())
    with polled(deployed.url, trust=deployed.trust, timeout=60) as answers:
        eventually(lambda: answers.count)
        deployed.machines[0].run(*kill)
        seen = answers.count
        eventually(lambda: answers.count > seen + 20)
    # What it was answering as it was killed is lost: at most one request of each connection.
    assert len(answers.faults) <= 2, answers.faults
    assert deployed.serving() == live
    assert deployed.llmops("status", "--json").document["trouble"] == ""


def test_a_disk_that_is_full_is_said_to_be_and_changes_nothing(deployed: HostProject) -> None:
    [machine] = deployed.machines
    before = deployed.serving()
    machine.run("sh", "-c", SMALL_DISK, check=False)
    try:
        deployed.write("large.bin", "0123456789abcdef" * (1 << 16))
        wanted = deployed.change("More than there is room for.")
        with polled(deployed.url, trust=deployed.trust) as answers:
            run = deployed.llmops("deploy")
        assert run.status in (4, 8), run.said
        assert "full" in run.said or "space" in run.said
        assert "Traceback" not in run.said
        assert (answers.faults, set(answers.releases)) == ([], {before})
        machine.run("rm", f"/opt/{APP}/filler")
        machine.run("mount", "-o", "remount,size=1G", f"/opt/{APP}")
        deployed.ok("deploy")
        assert deployed.serving() == wanted
    finally:
        machine.run("sh", "-c", f"rm -rf /opt/{APP}/large; cp -a /opt/{APP}/. /opt/kept/")
        machine.run("umount", "--lazy", f"/opt/{APP}")
        machine.run("sh", "-c", f"rm -rf /opt/{APP} && mv /opt/kept /opt/{APP}")
    assert deployed.serving() == wanted


def test_a_site_that_was_changed_by_hand_is_noticed_and_mended(deployed: HostProject) -> None:
    [machine] = deployed.machines
    before = deployed.serving()
    wanted = deployed.change("After the site is mended.")
    machine.run("sh", "-c", f"echo 'nonsense here;' >> {SITE}")
    with polled(deployed.url, trust=deployed.trust, keeps=False) as answers:
        refused = deployed.llmops("deploy")
        assert refused.status == 4, refused.said
        assert "llmops infra apply" in refused.said
        assert deployed.serving() == before
        deployed.ok("infra", "apply", "--yes")
        machine.run("nginx", "-t")
        deployed.ok("deploy")
    assert deployed.serving() == wanted
    assert answers.faults == []


def test_nginx_broken_elsewhere_stops_no_deploy_and_is_not_reloaded(
    deployed: HostProject,
) -> None:
    [machine] = deployed.machines
    other = "/etc/nginx/conf.d/other.conf"
    machine.run("sh", "-c", f"echo 'nonsense here;' > {other}; rm {SITE}")
    with polled(deployed.url, trust=deployed.trust, keeps=False) as answers:
        applied = deployed.llmops("infra", "apply", "--yes")
        assert applied.status not in (0, 1), applied.said
        assert "other.conf" in applied.said
        machine.run("rm", other)
        deployed.ok("infra", "apply", "--yes")
        wanted = deployed.change("With nginx mended.")
        deployed.ok("deploy")
    assert answers.faults == []
    assert deployed.serving() == wanted


def test_a_clock_that_is_wrong_is_told_and_spoils_no_deploy(deployed: HostProject) -> None:
    [machine] = deployed.machines
    machine.run("sh", "-c", "cat > /usr/local/bin/late-python", input=LATE)
    machine.run("chmod", "+x", "/usr/local/bin/late-python")
    text = (deployed.root / "llmops.toml").read_text()
    late = text.replace("[targets.host]", '[targets.host]\npython = "/usr/local/bin/late-python"')
    deployed.write("llmops.toml", late)
    wanted = deployed.commit("On a host in the past")
    try:
        run = deployed.ok("deploy")
        assert deployed.serving() == wanted
        assert "clock" in run.said + deployed.llmops("doctor").said
        kept = deployed.llmops("releases", "--json").document
        assert wanted in str(kept)
    finally:
        deployed.write("llmops.toml", text)
        deployed.commit("On a host of today")
    deployed.ok("deploy")
