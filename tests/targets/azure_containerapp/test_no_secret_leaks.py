"""A secret's value goes to the vault and into the API's process, and is then nowhere else."""

from pathlib import Path

import pytest

from tests.targets.azure_containerapp.stage import Stage
from tests.targets.azure_leaks import leaks_of


@pytest.mark.thorough
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc")
def test_no_value_is_anywhere_but_in_the_vault(live: Stage) -> None:
    assert leaks_of(live) == []
