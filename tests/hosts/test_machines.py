"""The servers that the tests use are like servers that people have."""

import subprocess
from pathlib import Path

from tests.hosts.machines import machines, needs_hosts

pytestmark = needs_hosts


def test_a_machine_enforces_limits_hands_out_credentials_and_survives_a_reboot(
    tmp_path: Path,
) -> None:
    with machines(tmp_path) as fleet:
        [machine] = fleet.machines
        eats = """python3 -c 'b"x" * (200 << 20)'"""
        killed = machine.run("sh", "-c", f"systemd-run --wait -p MemoryMax=50M {eats} 2>&1; :")
        machine.run("sh", "-c", "echo told > /root/value")
        given = ("--property=LoadCredential=name:/root/value", "--property=DynamicUser=yes")
        shows = ("sh", "-c", "cat $CREDENTIALS_DIRECTORY/name")
        said = machine.run("systemd-run", "--quiet", "--wait", "--pipe", *given, *shows)
        words = ["ssh", "-F", str(fleet.ssh_config), "host1", "sudo -n id -u; sleep 100"]
        asking = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert asking.stdout is not None
        first = asking.stdout.readline()
        machine.cut()
        asking.communicate()
        machine.reboot()
        assert (said, first) == ("told\n", "0\n")
        assert "code=killed" in killed
        assert asking.returncode == 255
        assert machine.run("systemctl", "is-active", "nginx", "ssh").split() == ["active"] * 2
