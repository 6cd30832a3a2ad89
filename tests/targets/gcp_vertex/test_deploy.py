"""A deploy to Vertex AI: checked with a share of the traffic, then given all of it."""

from tests.targets.gcp_vertex.stage import Stage


def test_the_first_deploy_makes_model_and_endpoint_s_traffic(empty: Stage) -> None:
    run = empty.project.ok("deploy")
    assert empty.serving == empty.commits[-1]
    assert empty.commits[-1] in run.stdout + run.stderr
