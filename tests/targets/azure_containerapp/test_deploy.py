"""A deploy to Container Apps makes a revision, checks it, and moves the traffic to it."""

from tests.targets.azure_containerapp.stage import Stage


def test_a_first_deploy_takes_over_the_app_that_terraform_made(empty: Stage) -> None:
    run = empty.project.ok("deploy", "--json")
    [release] = empty.commits
    assert run.document["release"]["id"] == release
    assert empty.app.serving == release
    assert empty.app.active == {release}
