"""Whatever goes wrong with a deploy to ECS: something serves, and the report is true."""

import re
from operator import attrgetter

import pytest

from tests.fakes.aws.identity import ACCOUNT
from tests.targets.aws_ecs.faults import FAULTS, Fault
from tests.targets.aws_ecs.stage import Stage, error_of
from tests.thorough import family, spread

#: Families whose members differ in the operation that the mishap befalls.
_KIN = re.compile(r"^(no right|throttled|broken twice|word lost|credentials expire): \w+\..*")


def _kin(name: str) -> str:
    return family(_KIN.sub(r"\1", name))


@pytest.mark.parametrize("fault", spread(FAULTS, attrgetter("name"), _kin, every=2))
def test_a_deploy_leaves_something_that_serves_and_says_what(live: Stage, fault: Fault) -> None:
    old = live.commits[1]
    fault.arrange(live)
    run = live.project.llmops("deploy", "--json")
    live.cloud.ecs.lag = 0
    live.cloud.containers.warm()
    if fault.status:
        live.cloud.ecs.settle(4)
    assert run.status == fault.status, run.said
    expected = old if fault.status else live.commits[-1]
    serving = live.commits[0] if fault.is_theirs else expected
    assert live.cloud.ecs.serving == serving, run.said
    assert ACCOUNT in live.cloud.ecs.service.shown()["taskDefinition"]
    if fault.status:
        error = error_of(run)
        assert fault.says in " ".join(error.values()), run.said
        assert is_true(error["state"], expected, fault.status), run.said
        # Without rights or credentials nothing more can be put in order.
        assert fault.status in (5, 9) or not live.cloud.scaling.is_suspended
    else:
        assert run.document["release"]["id"] == expected
        assert not live.cloud.scaling.is_suspended


def is_true(state: str, serving: str, status: int) -> bool:
    """Whether a report says what is serving: who it is, or that nothing was changed."""
    if status == 9:
        return state.startswith(f"{serving} is serving")
    return f"{serving} is serving" in state or "Nothing was changed" in state
