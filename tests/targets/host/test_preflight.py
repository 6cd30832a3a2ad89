"""What is told before a deploy to a host: each with what mends it, and only where it matters."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from llmops_cli.config.api_access import SIGNING_SECRET
from llmops_cli.config.host_target import HostTarget as Settings
from llmops_cli.config.load import load
from llmops_cli.core.release import Release
from llmops_cli.hosts.facts import HostFacts
from llmops_cli.hosts.making import hosts_of
from llmops_cli.hosts.site import site_of
from llmops_cli.secret_stores.hosts import HostStore
from llmops_cli.targets.host.host_state import HostState
from llmops_cli.targets.host.making import make_host_target
from llmops_cli.targets.host.place import Place
from llmops_cli.targets.host.preflight import LEAST_FREE_BYTES, Look, problems_of
from llmops_cli.targets.host.target import HostTarget

_FACTS = HostFacts(
    "web", "Debian", (3, 11, 2), (252,), (1, 22, 1), "www-data", free_bytes=LEAST_FREE_BYTES
)
_RELEASE = Release("r", "r", "t", datetime(2026, 1, 2, tzinfo=UTC), "Subject")


def place_of(folder: Path, lines: str = "") -> Place:
    (folder / "llmops.toml").write_text(
        'name = "demo"\n[targets.host]\nhosts = ["web"]\nserver_name = "chat.example"\n' + lines
    )
    config = load(folder)
    settings = config.targets["host"]
    assert isinstance(settings, Settings)
    hosts = hosts_of(config, settings, folder)
    target = make_host_target(config, "host", folder, hosts, HostStore(hosts))
    assert isinstance(target, HostTarget)
    return target.place


def healthy(place: Place) -> Look:
    site = site_of(place.config, place.settings, place.layout, _FACTS)
    state = HostState("web", site=hashlib.sha256(site.encode()).hexdigest())
    return Look(_FACTS, state, is_made=True, has_nginx=True, nginx="", seconds_off=3.0)


def test_a_healthy_host_has_no_problem(tmp_path: Path) -> None:
    place = place_of(tmp_path)
    assert list(problems_of(place, _RELEASE, healthy(place), is_new=True)) == []


@pytest.mark.parametrize(
    ("changed", "what", "fix", "holds_back_a_rollback"),
    [
        ({"is_made": False}, "not prepared", "llmops infra apply", True),
        ({"has_nginx": False}, "nginx is not running", "systemctl start nginx", True),
        ({"nginx": "unknown directive"}, "unknown directive", "nginx -t", False),
        ({"state": HostState("web", site="0")}, "site of nginx", "llmops infra apply", False),
        ({"facts": replace(_FACTS, python=(3, 9, 2))}, "Python 3.9.2", "`python`", True),
        ({"facts": replace(_FACTS, free_bytes=LEAST_FREE_BYTES - 1)}, "disk", "df -h", False),
    ],
)
def test_each_thing_that_is_wrong_is_told_with_what_mends_it(
    tmp_path: Path, changed: dict[str, object], what: str, fix: str, holds_back_a_rollback: bool
) -> None:
    place = place_of(tmp_path)
    seen = replace(healthy(place), **changed)  # type: ignore[arg-type]
    [problem] = problems_of(place, _RELEASE, seen, is_new=True)
    assert what in problem.what
    assert fix in problem.fix
    kept = list(problems_of(place, _RELEASE, seen, is_new=False))
    assert kept == ([problem] if holds_back_a_rollback else [])


def test_a_wrong_clock_is_a_problem_only_where_something_depends_on_it(tmp_path: Path) -> None:
    place = place_of(tmp_path)
    seen = replace(healthy(place), seconds_off=-75.0)
    assert list(problems_of(place, _RELEASE, seen, is_new=True)) == []
    signing = replace(_RELEASE, secret_versions={SIGNING_SECRET: "1"})
    [problem] = problems_of(place, signing, seen, is_new=True)
    assert "75 s behind" in problem.what
    place = place_of(tmp_path, 'certificate = "acme"\nacme_email = "a@example.com"\n')
    [problem] = problems_of(place, _RELEASE, replace(healthy(place), seconds_off=90), is_new=True)
    assert "90 s ahead" in problem.what
