"""Whatever goes wrong with a deploy to Vertex AI: something serves, and the report is true."""

from operator import attrgetter

import pytest

from tests.targets.gcp_mishaps import Fault, is_true
from tests.targets.gcp_vertex.faults import FAULTS
from tests.targets.gcp_vertex.stage import Stage, error_of
from tests.thorough import spread


def _kin(name: str) -> str:
    return name.partition(":")[0].partition(" at ")[0] if ":" in name or " at " in name else name


@pytest.mark.parametrize("fault", spread(FAULTS, attrgetter("name"), _kin, every=2))
def test_a_deploy_leaves_something_that_serves_and_says_what(
    live: Stage, fault: Fault[Stage]
) -> None:
    fault.arrange(live)
    first, old, *_ = live.commits
    run = live.project.llmops("deploy", "--json")
    live.cloud.vertex.lag = 0
    assert run.status == fault.status, run.said
    expected = first if fault.serving else live.commits[-1] if fault.status == 0 else old
    assert live.serving == expected, run.said
    if fault.status:
        error = error_of(run)
        assert fault.says in " ".join(error.values()), run.said
        assert is_true(error["state"], expected, fault.status), run.said
    else:
        assert run.document["release"]["id"] == expected
