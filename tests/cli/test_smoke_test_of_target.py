"""`llmops smoke-test` of a target: address, key and release come from the target itself."""

from tests.project import API_KEY, Project

EVAL = '[[prompt]]\nname = "echo"\nprompt = "Say hello."\ncontains = "{}"\n'


def verdicts(project: Project, *more: str) -> tuple[int, dict[str, str]]:
    run = project.llmops("--json", "smoke-test", *more)
    assert API_KEY not in run.said
    return run.status, {check["name"]: check["verdict"] for check in run.document["checks"]}


def test_a_deployed_target_passes_as_the_release_and_with_the_key_that_it_has(
    project: Project,
) -> None:
    project.write("evals/basics.toml", EVAL.format("demo model"))
    release = project.commit()
    project.ok("deploy")
    status, found = verdicts(project)
    assert status == 0
    assert [found[name] for name in ("release", "session-memory", "eval-basics")] == ["passed"] * 3
    # A key for the next release is not the key of this one.
    project.ok("secrets", "set", "LLMOPS_API_KEY", input="another-key-for-tests-0123456789")
    assert verdicts(project, "--expect", release[:7])[0] == 0


def test_a_target_that_answers_as_another_commit_fails(project: Project) -> None:
    project.ok("deploy")
    status, found = verdicts(project, "--expect", "fedcba9")
    assert status == 10
    assert [name for name, verdict in found.items() if verdict == "failed"] == ["release"]


def test_golden_prompts_fail_a_target_unless_they_are_left_out(project: Project) -> None:
    project.ok("deploy")
    project.write("evals/basics.toml", EVAL.format("a word that is never said"))
    status, found = verdicts(project)
    assert (status, found["eval-basics"]) == (10, "failed")
    status, found = verdicts(project, "--no-evals")
    assert status == 0
    assert "eval-basics" not in found


def test_a_target_that_is_stopped_fails_and_the_next_command_is_named(project: Project) -> None:
    project.ok("deploy")
    project.ok("stop", "--yes")
    run = project.llmops("smoke-test")
    assert run.status == 10
    assert "liveness" in run.err
    assert "llmops status" in run.err


def test_a_target_without_a_release_fails_before_anything_is_asked(project: Project) -> None:
    run = project.llmops("smoke-test")
    assert run.status == 10
    assert "Nothing has been deployed to local yet." in run.err
    assert "llmops deploy" in run.err
