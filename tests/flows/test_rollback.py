"""Going back: to the previous release, to a sha, to a name, or to none that there is."""

from tests.poller import polled
from tests.project import Project


def test_going_back_brings_the_old_code_prompt_and_settings_without_a_gap(
    project: Project,
) -> None:
    project.ok("deploy")
    first = project.serving()
    second = project.change("Second.")
    project.ok("deploy")
    with polled(project.url) as answers:
        run = project.ok("--json", "rollback")
    assert run.document["release"]["id"] == first
    assert run.document["previous"] == second
    assert answers.faults == []
    assert answers.distinct[0] == second
    assert answers.distinct[-1] == first
    assert project.ok("--json", "status").document["events"][0]["action"] == "rollback"


def test_going_back_twice_goes_further_back_and_not_forth(project: Project) -> None:
    project.ok("deploy")
    first = project.serving()
    project.change("Second.")
    project.ok("deploy")
    project.change("Third.")
    project.ok("deploy")
    project.ok("rollback")
    project.ok("rollback")
    assert project.serving() == first
    run = project.llmops("rollback")
    assert run.status == 11
    assert "no release before the live one" in run.err


def test_going_back_to_the_beginning_of_a_sha_or_to_a_name(project: Project) -> None:
    project.ok("deploy", "--name", "golden")
    first = project.serving()
    second = project.change("Second.")
    project.ok("deploy")
    project.ok("rollback", first[:6])
    assert project.serving() == first
    project.ok("rollback", second)
    assert project.serving() == second
    project.ok("rollback", "golden")
    assert project.serving() == first


def test_an_unknown_sha_exits_11_and_lists_what_there_is(project: Project) -> None:
    project.ok("deploy")
    run = project.llmops("--json", "rollback", "0000000")
    assert run.status == 11
    assert project.serving() in run.document["error"]["evidence"]


def test_an_ambiguous_sha_exits_11_and_lists_the_matches(project: Project) -> None:
    project.ok("deploy")
    project.write("prompts/system.md", "Dirty.\n")
    project.ok("deploy", "--allow-dirty")
    sha = project.git("rev-parse", "HEAD")
    run = project.llmops("rollback", sha[:5])
    assert run.status == 11
    assert "is the beginning of 2 releases" in run.err
    assert sha[:12] + "-dirty-" in run.err


def test_going_back_with_nothing_deployed_exits_11(project: Project) -> None:
    run = project.llmops("rollback")
    assert run.status == 11
    assert "llmops deploy" in run.err


def test_going_back_to_a_release_whose_secret_is_gone_is_refused_before_the_traffic_moves(
    project: Project,
) -> None:
    project.ok("deploy")
    project.change("Second.")
    project.ok("secrets", "set", "LLMOPS_API_KEY", "--generate")
    project.ok("deploy")
    live = project.serving()
    (project.state / "secrets" / "LLMOPS_API_KEY" / "1").unlink()
    run = project.llmops("rollback")
    assert run.status == 4
    assert "version 1, which this release is pinned to" in run.err
    assert project.serving() == live


def test_a_rollback_plan_changes_nothing(project: Project) -> None:
    project.ok("deploy")
    project.change("Second.")
    project.ok("deploy")
    live = project.serving()
    steps = project.ok("--json", "rollback", "--dry-run").document["steps"]
    assert steps[0]["phase"] == "stage"
    assert project.serving() == live
