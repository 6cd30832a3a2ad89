"""Going back to a kept release: its own task definition runs again, as it was."""

from tests.targets.aws_ecs.stage import KEY, Stage, error_of


def test_a_rollback_runs_the_kept_task_definition_again(live: Stage) -> None:
    first, _second, _third = live.commits
    kept = live.definition_of(first)
    _run, counted = live.project.asked("rollback")
    assert live.cloud.ecs.serving == first
    [asked] = live.begun
    assert asked["taskDefinition"] == kept
    assert counted["ecs.RegisterTaskDefinition"] == 0


def test_a_rollback_can_be_rolled_forward(live: Stage) -> None:
    first, second, _third = live.commits
    live.project.ok("rollback")
    assert live.cloud.ecs.serving == first
    live.project.ok("rollback", second)
    assert live.cloud.ecs.serving == second
    assert [kept["id"] for kept in live.releases()] == [second, first]


def test_a_kept_release_whose_task_definition_was_deregistered_is_registered_anew(
    live: Stage,
) -> None:
    first = live.commits[0]
    gone = live.definition_of(first)
    live.cloud.ecs.definitions.kept[gone]["status"] = "INACTIVE"
    _run, counted = live.project.asked("rollback", first)
    assert live.cloud.ecs.serving == first
    assert counted["ecs.RegisterTaskDefinition"] == 1


def test_a_rotation_of_a_secret_is_a_release_of_its_own_that_can_be_gone_back_from(
    live: Stage,
) -> None:
    second = live.commits[1]
    live.project.ok("secrets", "rotate", "LLMOPS_API_KEY", "--generate")
    assert live.cloud.ecs.serving == f"{second}.2"
    references = [
        asked["containerDefinitions"][0]["secrets"][0]["valueFrom"]
        for asked in live.asked("ecs.RegisterTaskDefinition")
    ]
    versions = live.cloud.secrets.kept[KEY].versions
    assert [one.rpartition(":")[2] in versions for one in references] == [True]
    assert len(versions) == 2
    live.project.ok("rollback", second)
    assert live.cloud.ecs.serving == second


def test_a_rollback_to_a_version_of_a_secret_that_is_gone_is_refused_first(live: Stage) -> None:
    live.cloud.secrets.kept.clear()
    live.cloud.secrets.put(KEY, "the-next-key-0123456789abcdef")
    run = live.project.llmops("rollback", "--json")
    assert run.status == 4, run.said
    assert "LLMOPS_API_KEY" in error_of(run)["evidence"]
    assert live.changes == []


def test_an_unknown_release_is_named(live: Stage) -> None:
    assert live.project.llmops("rollback", "--json", "abcdef0").status == 11
    assert live.cloud.ecs.serving == live.commits[1]


def test_old_task_definitions_are_deregistered_and_named_ones_kept(live: Stage) -> None:
    first, second, _third = live.commits
    live.project.ok("releases", "--name", f"{first}=good-one")
    made = [live.configure(keep=1)]
    live.project.ok("deploy")
    for text in ("Another.", "One more."):
        made.append(live.project.change(text))
        live.project.ok("deploy")
    assert [kept["id"] for kept in live.releases()] == [*made[::-1], first]
    gone = [asked["taskDefinition"] for asked in live.asked("ecs.DeregisterTaskDefinition")]
    assert gone == [live.definition_of(second)]
    live.project.ok("rollback", "good-one")
    assert live.cloud.ecs.serving == first
    live.project.ok("releases", "--unname", "good-one")
    assert all(not kept["names"] for kept in live.releases())


def test_releases_and_names_survive_the_loss_of_the_bucket_s_record(live: Stage) -> None:
    first, second, third = live.commits
    live.project.ok("releases", "--name", f"{first}=good-one")
    live.put_records({})
    found = live.project.ok("releases", "--json").document
    assert found["live"] == second
    assert [one["id"] for one in found["releases"]] == [second, first]
    assert found["releases"][1]["names"] == ["good-one"]
    # The next deploy writes all of it down again.
    live.project.ok("deploy")
    assert [one["id"] for one in live.releases()] == [third, second, first]
    live.project.ok("rollback")
    assert live.cloud.ecs.serving == second
