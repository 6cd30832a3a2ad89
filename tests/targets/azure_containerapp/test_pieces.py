"""The pure parts: shares of traffic, tags, records, secrets, suffixes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.core.release import Release
from llmops_cli.core.target import Event
from llmops_cli.errors import PreflightError
from llmops_cli.targets import shares
from llmops_cli.targets.azure_containerapp import secrets, tags, template, traffic
from llmops_cli.targets.azure_containerapp.app import AppSecret, Share, app_from, revision_from
from llmops_cli.targets.azure_containerapp.records import (
    Records,
    events_of,
    records_of,
    with_event,
    with_records,
)
from llmops_cli.targets.azure_containerapp.variables import release_of, variables_of
from llmops_cli.targets.shares import steps_of

NOW = datetime(2026, 11, 21, tzinfo=UTC)
RELEASE = Release(
    "3f2a9c1d4e5f",
    "3f2a9c1d4e5f" + "0" * 28,
    "t" * 40,
    NOW,
    "A change, with “quotes”",
    {"PORT": "8000", "LLMOPS_DRAIN_SECONDS": "300", "LLMOPS_LINGER_SECONDS": "5"},
    {"OPENAI_API_KEY": "0123456789abcdef"},
    "localhost/demo@sha256:" + "1" * 64,
)
SETTINGS = AzureContainerAppTarget(key_vault="https://kv.vault.azure.net/", secret_prefix="demo-")


@given(
    some.dictionaries(some.sampled_from("abc"), some.integers(1, 99), min_size=1),
    some.integers(1, 100),
)
def test_shares_always_add_up_to_100(weights: dict[str, int], percent: int) -> None:
    total = sum(weights.values())
    whole = shares.whole({name: weight * 100 // total for name, weight in weights.items()})
    stepped = shares.step(whole, "new", percent)
    assert sum(stepped.values()) == 100
    assert stepped["new"] == percent
    assert all(weight >= 0 for weight in stepped.values())


def test_the_steps_of_a_release_that_has_a_part_already_begin_with_the_others() -> None:
    assert steps_of({"old": 80, "new": 20}, "new", (50, 100)) == [
        {"old": 50, "new": 50},
        {"old": 0, "new": 100},
    ]
    assert steps_of({"new": 100}, "new", (50, 100)) == []


def test_a_label_of_somebody_else_stays_on_its_revision() -> None:
    shares = traffic.mixed({"old": 100}, [Share("old", 0, "blue"), Share("older", 0, "green")])
    assert shares == (Share("old", 100, "blue"), Share("older", 0, "green"))


@given(some.text(some.characters(codec="ascii", exclude_categories=["C", "Z"]), max_size=2000))
def test_a_text_of_any_length_comes_back_from_tags(text: str) -> None:
    before = {"team": "demo", **tags.packed("state", "x" * 1000)}
    after = tags.replaced("state", text, before)
    assert tags.unpacked("state", after) == text
    assert after["team"] == "demo"
    assert all(len(value) <= 256 for value in after.values())


def test_what_tags_hold_is_bounded_and_the_newest_events_stay() -> None:
    found = {f"theirs-{number}": "x" for number in range(30)}
    records = Records()
    for number in range(60):
        records = replace(records, made=number).settled(f"demo--r{'a' * 12}-{number}", NOW, 10)
        found = with_records("demo", records, found)
        event = Event(NOW, "deploy", f"{number}", "An operator | at work", {"checks passed": "26"})
        found = with_event(event, found)
    assert len([value for value in found.values() if value]) <= 50
    assert records_of("demo", found) == records
    assert events_of(found)[0].release == "59"
    assert events_of(found)[0].by == "An operator | at work"
    assert len(events_of(found)) >= 3


def test_what_is_kept_is_the_live_one_the_one_before_named_ones_and_the_newest() -> None:
    records = Records()
    for number in range(6):
        at = NOW + timedelta(minutes=number)
        records = records.settled(f"r{number}", at, 100)
    records = records.named("r0", ["good"])
    kept = [one.revision for one in records.pruned(1).deployed]
    assert kept == ["r5", "r4", "r3", "r0"]
    assert records.left("r4") == records.of("r5").last  # type: ignore[union-attr]


def test_spoilt_tags_are_no_records() -> None:
    assert records_of("demo", {"llmops-state-0": "{broken"}) == Records()


def test_secrets_are_one_for_each_version_by_reference() -> None:
    [found] = secrets.references_of(SETTINGS, RELEASE)
    assert found == AppSecret(
        "demo-openai-api-key-01234567",
        "https://kv.vault.azure.net/secrets/demo-openai-api-key/0123456789abcdef",
        "system",
    )
    assert secrets.is_ours(found)
    assert not secrets.wanted([found], [found]).is_change


def test_a_secret_in_use_and_those_of_others_are_never_dropped() -> None:
    [ours] = secrets.references_of(SETTINGS, RELEASE)
    theirs = AppSecret("openai-api-key", ours.vault_url, "system")
    inline = AppSecret("inline")
    there = [ours, theirs, inline]
    assert not secrets.without_unused(there, {ours.name}).is_change
    assert secrets.without_unused(there, set()).secrets == (theirs, inline)
    assert secrets.without_unused(there, set()).needs_values


@pytest.mark.parametrize("app", ["a", "demo", "a" * 32])
@pytest.mark.parametrize(
    "release", ["3f2a9c1d4e5f", "3f2a9c1d4e5f-dirty-0a1b2c3d", "3f2a9c1d4e5f.12"]
)
def test_a_revision_has_a_name_that_azure_takes(app: str, release: str) -> None:
    suffix = template.suffix_of(app, replace(RELEASE, id=release), 12345)
    assert len(f"{app}--{suffix}") <= 54
    assert suffix.endswith("-12345")
    assert suffix == suffix.lower()
    assert "--" not in suffix
    assert suffix[0].isalpha()


def test_a_container_gets_the_time_that_its_api_asks_for_to_stop() -> None:
    assert template.grace_of(RELEASE) >= 305
    long = replace(RELEASE, settings={"LLMOPS_DRAIN_SECONDS": "9000"})
    assert template.grace_of(long) == 600


def test_a_release_comes_back_from_the_environment_of_its_revision() -> None:
    names = secrets.names_of(SETTINGS, RELEASE)
    env = [variable.document() for variable in variables_of(RELEASE, names)]
    container = {"name": "api", "image": RELEASE.image, "env": env}
    revision = revision_from({"properties": {"template": {"containers": [container]}}})
    found = release_of(revision)
    assert found == RELEASE
    assert found is not None
    assert found.settings == RELEASE.settings
    assert found.secret_versions == RELEASE.secret_versions
    assert found.image == RELEASE.image


def test_a_variable_that_is_there_twice_is_refused() -> None:
    with pytest.raises(PreflightError, match="PORT is set twice"):
        variables_of(replace(RELEASE, secret_versions={"PORT": "1"}), {"PORT": "port-01234567"})


def test_an_app_is_read_from_what_azure_leaves_out_and_writes_otherwise() -> None:
    app = app_from(
        {
            "name": "demo",
            "tags": None,
            "identity": {"userAssignedIdentities": {"/SUBSCRIPTIONS/x/ID": None}},
            "properties": {
                "latestReadyRevisionName": "demo--a",
                "configuration": {
                    "activeRevisionsMode": "multiple",
                    "secrets": None,
                    "registries": None,
                    "ingress": {"traffic": [{"weight": 100, "latestRevision": True}]},
                },
                "template": None,
            },
        }
    )
    assert app.carrying == {"demo--a": 100}
    assert app.is_multiple
    assert app.identities == {"/subscriptions/x/id"}
    assert app_from({}).carrying == {}
