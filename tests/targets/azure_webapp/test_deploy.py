"""Releases come into service on App Service, and back, by way of the slot."""

from tests.targets.azure_webapp.stage import Stage


def test_the_first_deploy_is_staged_in_the_slot_and_swapped(empty: Stage) -> None:
    (release,) = empty.commits
    run, counted = empty.project.asked("deploy", "--json")
    print(sorted(counted.items()), sum(counted.values()))
    assert run.document["release"]["id"] == release
    assert empty.app.serving == release
    assert empty.app.swaps == 1
