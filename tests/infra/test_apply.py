"""`llmops infra apply`: what it makes, and what it writes into the project."""

from tests.infra.site import Site


def test_the_first_apply_makes_everything_and_the_second_nothing(site: Site) -> None:
    first = site.project.ok("infra", "apply", "--yes")
    second = site.project.ok("--json", "infra", "plan", "--detailed-exitcode")
    print(first.said)
    assert second.document["is_empty"], second.said
