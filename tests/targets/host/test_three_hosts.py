"""Three hosts change together, or not at all."""

from collections.abc import Iterator

import pytest

from tests.hosts.host_project import HostProject
from tests.hosts.machines import machines, needs_hosts
from tests.poller import polled
from tests.waiting import eventually

pytestmark = [needs_hosts, pytest.mark.timeout(300)]

DROP_IN = "/run/systemd/system/demo@.service.d"
#: Lets no release begin any more on a host.
REFUSES = f"mkdir {DROP_IN}; printf '[Service]\\nExecStartPre=/bin/false\\n' > {DROP_IN}/no.conf"


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProject]:
    """A project with a live release on three hosts."""
    folder = tmp_path_factory.mktemp("three")
    with machines(folder / "ssh", 3, bootstrapped=True) as fleet:
        project = fleet.project(folder / "chat")
        project.ok("deploy")
        yield project


def test_a_deploy_and_a_rollback_change_all_of_them(three: HostProject) -> None:
    [before] = set(three.on_hosts())
    wanted = three.change("On all three.")
    three.ok("deploy")
    assert three.on_hosts() == [wanted] * 3
    three.ok("rollback")
    assert three.on_hosts() == [before] * 3
    eventually(lambda: three.rests_at(before))


def test_where_one_fails_all_are_taken_back(three: HostProject) -> None:
    [before] = set(three.on_hosts())
    three.change("Not on the second.")
    three.machines[1].run("sh", "-c", REFUSES)
    with polled(three.url, trust=three.trust) as answers:
        run = three.llmops("deploy")
    three.machines[1].run("sh", "-c", f"rm -r {DROP_IN}; systemctl daemon-reload")
    assert run.status == 8, run.said
    assert "host2" in run.said
    assert (answers.faults, set(answers.releases)) == ([], {before})
    assert three.on_hosts() == [before] * 3


def test_with_one_down_nothing_changes_unless_it_may_fail(three: HostProject) -> None:
    [before] = set(three.on_hosts())
    third = three.machines[2]
    text = (three.root / "llmops.toml").read_text()
    third.stop()
    try:
        three.change("With one down.")
        with polled(three.url, trust=three.trust) as answers:
            refused = three.llmops("deploy")
            assert refused.status not in (0, 1), refused.said
            assert "host3" in refused.said
            assert three.serving() == before
            may = text.replace("[targets.host]", "[targets.host]\nhosts_that_may_fail = 1")
            three.write("llmops.toml", may)
            wanted = three.commit("One may be down")
            run = three.ok("deploy")
        assert "host3" in run.said
        assert answers.faults == []
        assert three.serving() == wanted
    finally:
        third.start()
    three.write("llmops.toml", text)
    wanted = three.commit("All are there again")
    three.ok("deploy")
    assert three.on_hosts() == [wanted] * 3
