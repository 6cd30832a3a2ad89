"""Deploys to Cloud Run through the real command line."""

from tests.targets.gcp_run.stage import Stage


def test_the_first_deploy_makes_the_service_and_the_release_answers(empty: Stage) -> None:
    run = empty.project.ok("deploy", "--json")
    (release,) = empty.commits
    assert run.document["release"] == release
    assert empty.run.serving == release
