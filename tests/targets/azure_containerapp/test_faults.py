"""Whatever goes wrong with a deploy to Container Apps: something serves, and the report is true."""

import re
from operator import attrgetter

import pytest

from tests.targets.azure_containerapp.faults import FAULTS, Fault
from tests.targets.azure_containerapp.stage import Stage, error_of
from tests.thorough import family, spread

#: Families whose members differ in the change that the mishap befalls.
_KIN = re.compile(r"^(no right:|the word of|the \w+ never ends|\w+ing \S.* breaks).*")
_THEIRS = {"name": "of-others", "value": "inline-value-of-others"}


def _kin(name: str) -> str:
    return family(_KIN.sub(r"\1", name))


@pytest.mark.parametrize("fault", spread(FAULTS, attrgetter("name"), _kin, every=2))
def test_a_deploy_leaves_something_that_serves_and_says_what(live: Stage, fault: Fault) -> None:
    first, old, _third = live.commits
    live.app.configuration["secrets"].append(_THEIRS)
    fault.arrange(live)
    run = live.project.llmops("deploy", "--json")
    live.app.lag = 0
    assert run.status == fault.status, run.said
    new = live.commits[-1] if not fault.name.startswith("no right: read the sec") else old
    expected = first if fault.serving else new if fault.status == 0 else old
    assert live.app.serving == expected, run.said
    if fault.status:
        error = error_of(run)
        assert fault.says in " ".join(error.values()), run.said
        assert is_true(error["state"], expected, fault.status), run.said
    else:
        assert run.document["release"]["id"] == expected
    # Nothing of others was lost.
    assert _THEIRS in live.app.configuration["secrets"]
    assert live.app.tags["team"] == "demo"


def is_true(state: str, serving: str, status: int) -> bool:
    """Whether a report says what is serving: who it is, or that nothing was changed."""
    if status == 9:
        return bool(state)
    return f"{serving} is serving" in state or "Nothing was changed" in state
