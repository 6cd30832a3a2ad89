"""Units are ones that systemd takes without a word, locks in, and reads as they were meant."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from llmops_cli.config.host_target import HostTarget
from llmops_cli.core.release import Release
from llmops_cli.errors import ConfigError
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.layout import HostLayout
from llmops_cli.hosts.units import boot_unit, release_units

needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed"
)

ID = "0123456789ab-dirty-01234567.2"
#: What hurts: systemd's specifiers, escapes and quotes, the shell's, JSON, and other alphabets.
HARD = "100% of \"$HOME\" %d %%h \\n C:\\path 'a' `b` ; # end\\"
UPSTREAMS = json.dumps([{"name": "a", "base_url": "https://a.example/v1%20", "models": ["m\n"]}])
BOOKWORM = HostFacts("host1", systemd=(252,), nginx_group="www-data")
NOBLE = replace(BOOKWORM, systemd=(255,))


@dataclass(frozen=True)
class Elsewhere(HostLayout):
    """A service whose files are where the test may write."""

    place: str

    @property
    def root(self) -> str:
        return self.place


def release(**settings: str) -> Release:
    return Release(ID, "c" * 40, "t" * 40, datetime.now(UTC), "100%", settings)


def target(**keys: object) -> HostTarget:
    return HostTarget.model_validate({"hosts": ["h"], "server_name": "a.example", **keys})


def units(facts: HostFacts = BOOKWORM, layout: HostLayout | None = None, **keys: object):
    variables = {"HARD": HARD, "LLMOPS_UPSTREAMS": UPSTREAMS, "LLMOPS_TRUSTED_PROXIES": "10.0.0.1"}
    secrets = {"LLMOPS_API_KEY": "3", "OPENAI_API_KEY": "1"}
    made = layout or HostLayout("shop")
    return release_units(made, target(**keys), release(**variables), secrets, facts)


def written(folder: Path, facts: HostFacts) -> dict[str, Path]:
    """Write all units into a folder of their own, where what they start is."""
    layout = Elsewhere("shop", str(folder))
    python = folder / "releases" / ID / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    texts = {layout.unit(ID, kind): text for kind, text in units(facts, layout).items()}
    texts[layout.boot_unit] = boot_unit(layout, target())
    for name, text in texts.items():
        (folder / name).write_text(text)
    return {name: folder / name for name in texts}


def analyzed(*words: str) -> "subprocess.CompletedProcess[str]":
    words = ("systemd-analyze", *words)
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)


@needs_systemd
def test_systemd_has_nothing_to_say_about_them(tmp_path: Path) -> None:
    files = written(tmp_path, BOOKWORM)
    run = analyzed("verify", "--man=no", *map(str, files.values()))
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    # It does speak of what it does not know, which is why silence means something.
    service = files[f"shop@{ID}.service"]
    service.write_text(service.read_text().replace("ProtectClock", "ProtectKlock"))
    assert "ProtectKlock" in analyzed("verify", "--man=no", str(service)).stderr


@needs_systemd
def test_its_exposure_is_at_most_one_and_a_half(tmp_path: Path) -> None:
    service = written(tmp_path, BOOKWORM)[f"shop@{ID}.service"]
    run = analyzed("security", "--offline=yes", "--threshold=15", str(service))
    assert run.returncode == 0, run.stdout
    service.write_text(re.sub(r"^(Protect|Private|Restrict).*\n", "", service.read_text(), flags=8))
    assert analyzed("security", "--offline=yes", "--threshold=15", str(service)).returncode == 1


def test_directives_that_a_systemd_does_not_know_are_not_in_its_units() -> None:
    old, new = units(BOOKWORM)["service"], units(NOBLE)["service"]
    assert "RestartSteps" not in old
    assert "RestartSec=2\n" in old
    assert "RestartSteps=6\nRestartMaxDelaySec=60\n" in new
    jammy = replace(BOOKWORM, systemd=(249,))
    place = f"/run/credentials/shop@{ID}.service/OPENAI_API_KEY"
    assert f'Environment="OPENAI_API_KEY_FILE={place}"' in units(jammy)["service"]
    assert 'Environment="OPENAI_API_KEY_FILE=%d/OPENAI_API_KEY"' in old


def test_times_follow_the_projects_and_are_never_too_short() -> None:
    text = units(ready_seconds=600, drain_seconds=5)["service"]
    assert "TimeoutStartSec=615\n" in text
    assert "TimeoutStopSec=35\n" in text
    assert "TimeoutStopSec=315\n" in units()["service"]
    lingering = release(LLMOPS_DRAIN_SECONDS="40.5", LLMOPS_LINGER_SECONDS="10")
    text = release_units(HostLayout("shop"), target(), lingering, {}, BOOKWORM)["service"]
    assert "TimeoutStopSec=65\n" in text


def test_limits_are_the_projects() -> None:
    text = units(memory="512m", cpus=1.5, tasks=100)["service"]
    assert "MemoryMax=536870912\nMemoryHigh=526133482\nMemorySwapMax=0\n" in text
    assert "CPUQuota=150%\n" in text
    assert "TasksMax=100\n" in text
    assert "CPUQuota" not in units()["service"]


def test_docker_is_waited_for_only_where_there_is_a_stack_and_never_needed() -> None:
    assert "docker.service" not in units()["service"]
    stack = {"profile": "production", "vllm": {}}
    text = units(stack=stack)["service"]
    assert re.search(r"^After=.* docker\.service$", text, re.MULTILINE)
    assert not re.search(r"^(Requires|Wants|BindsTo)=.*docker", text, re.MULTILINE)


def test_it_runs_as_its_own_user_and_the_socket_is_for_nginx() -> None:
    made = units()
    assert "\nUser=shop\nGroup=shop\n" in made["service"]
    assert "SocketUser=shop\nSocketGroup=www-data\nSocketMode=0660\n" in made["socket"]
    assert f"ListenStream=/run/shop/{ID}.sock\n" in made["socket"]


def test_a_setting_that_systemd_would_drop_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="GREETING holds control characters") as caught:
        release_units(HostLayout("shop"), target(), release(GREETING="\x1b[1m"), {}, BOOKWORM)
    assert "\x1b" not in str(caught.value)
