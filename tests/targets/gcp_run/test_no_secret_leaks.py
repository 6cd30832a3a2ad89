"""A secret's value goes to Secret Manager and into the API's process, and is then nowhere else."""

from pathlib import Path

import pytest

from tests.targets.gcp_leaks import leaks_of
from tests.targets.gcp_run.stage import Stage


@pytest.mark.thorough
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc")
def test_no_value_is_anywhere_but_in_secret_manager(live: Stage) -> None:
    assert leaks_of(live, live.run.seeded) == []
