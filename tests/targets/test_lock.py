"""The lock: one holder, named to everybody else, and never stale."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from llmops_cli.core.target import Holder
from llmops_cli.errors import LockedError
from llmops_cli.targets.local.lock import held

HOLDER = Holder("ada", "llmops deploy", datetime.now(UTC) - timedelta(seconds=70), 4711, "here")

HOLD_UNTIL_KILLED = """
import sys, signal
from datetime import datetime, UTC
from pathlib import Path
from llmops_cli.core.target import Holder
from llmops_cli.targets.local.lock import held
with held(Path(sys.argv[1]), Holder("bob", "llmops deploy", datetime.now(UTC), 1, "there")):
    print("held", flush=True)
    signal.pause()
"""


def test_the_second_holder_is_refused_and_told_who_what_and_for_how_long(tmp_path: Path) -> None:
    with held(tmp_path / "lock", HOLDER), pytest.raises(LockedError) as caught:
        with held(tmp_path / "lock", HOLDER):
            pytest.fail("two hold the lock")
    assert caught.value.exit_status == 6
    assert "ada runs `llmops deploy` (process 4711 on here)" in caught.value.evidence
    age = int(caught.value.evidence.rsplit(" ", 2)[1])
    assert age >= 70


def test_the_lock_is_free_after_its_holder_ends_by_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), held(tmp_path / "lock", HOLDER):
        raise ZeroDivisionError
    with held(tmp_path / "lock", HOLDER):
        pass


def test_a_killed_holder_leaves_no_stale_lock(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_UNTIL_KILLED, path], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(LockedError, match="Another deploy"), held(tmp_path / "lock", HOLDER):
            pytest.fail("two hold the lock")
        os.kill(process.pid, signal.SIGKILL)
    with held(tmp_path / "lock", HOLDER):
        pass
