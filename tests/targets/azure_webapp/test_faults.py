"""Whatever goes wrong on App Service, the old release serves, and the report is true."""

import re
from operator import attrgetter

import pytest

from tests.project import Run
from tests.targets.azure_webapp.fault_table import IN_PLACE, THROUGH_THE_SLOT
from tests.targets.azure_webapp.faults import NEW, Fault
from tests.targets.azure_webapp.stage import Stage
from tests.thorough import family, spread


def _kin(name: str) -> str:
    return family(re.sub(r"^the secret is .*", "the secret is …", name))


def release_that_serves(stage: Stage, fault: Fault) -> str:
    return stage.commits[2 if fault.serves == NEW else 1]


def check_report(stage: Stage, fault: Fault, run: Run) -> None:
    """Hold what the command said against what the fake did."""
    assert run.status == fault.status, run.said
    assert stage.app.serving == release_that_serves(stage, fault), run.said
    assert "Traceback (most recent call last)" not in run.err
    if fault.status == 0:
        assert run.document["release"]["id"] == stage.app.serving
        return
    error = stage.error(run)
    assert fault.says in str(error), error
    assert all(error[part] for part in ("message", "state", "next")), error
    if " is serving at " in error["state"]:
        assert error["state"].startswith(f"{stage.app.serving} is serving at {stage.app.url}")


@pytest.mark.parametrize("fault", spread(THROUGH_THE_SLOT, attrgetter("name"), _kin, every=2))
def test_a_deploy_through_the_slot_ends_as_it_must(live: Stage, fault: Fault) -> None:
    before = (live.app.slot.image, dict(live.app.slot.settings))
    fault.arrange(live)
    run = live.project.llmops("deploy", "--json")
    check_report(live, fault, run)
    live.cloud.faults.arranged.clear()
    if fault.status != 0 and fault.rests:
        assert (live.app.slot.image, live.app.slot.settings) == before
    assert live.locks == [] or fault.name == "the lock is lost"


@pytest.mark.parametrize("fault", spread(IN_PLACE, attrgetter("name"), _kin))
def test_a_deploy_in_place_ends_as_it_must(live_in_place: Stage, fault: Fault) -> None:
    production = live_in_place.app.production
    before = (production.image, dict(production.settings))
    fault.arrange(live_in_place)
    run = live_in_place.project.llmops("deploy", "--json")
    check_report(live_in_place, fault, run)
    if fault.status != 0 and fault.rests:
        assert (production.image, production.settings) == before
    assert live_in_place.app.swaps == 0
    assert live_in_place.locks == []
