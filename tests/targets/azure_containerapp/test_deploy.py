"""A deploy to Container Apps makes a revision, checks it, and moves the traffic to it."""

import json
from collections.abc import Callable
from typing import Any

from tests.fakes.azure.apps_state import IDENTITY
from tests.fakes.call import Call
from tests.targets.azure_containerapp.stage import Stage, error_of

#: What a deploy onto an app with a live release may ask of Azure, and how often at most.
DEPLOY = {
    "container_apps_get": 15,
    "container_apps_update": 5,
    "container_apps_revisions_list_revisions": 4,
    "container_apps_revisions_get_revision": 3,
    "operation_status": 10,
    "key_vault_get_secret": 1,
    "entra_configuration": 3,
    "entra_token": 3,
}


def test_a_first_deploy_takes_over_the_app_that_terraform_made(empty: Stage) -> None:
    run = empty.project.ok("deploy", "--json")
    [release] = empty.commits
    assert run.document["release"]["id"] == release
    assert empty.app.serving == release
    assert empty.app.tags["team"] == "demo"
    # What others have made is theirs to stop.
    assert empty.app.active == {release, "demo--first"}


def test_a_first_deploy_makes_the_app_where_there_is_none(stage_of: Callable[..., Stage]) -> None:
    stage = stage_of(exists=False)
    dry = stage.project.ok("deploy", "--dry-run")
    assert "Make the container app demo" in dry.out
    stage.project.ok("deploy")
    assert stage.app.serving == stage.commits[0]
    assert stage.app.configuration["activeRevisionsMode"] == "Multiple"
    assert stage.app.configuration["registries"] == [
        {"server": stage.project.registry.host, "identity": IDENTITY}
    ]
    # The second one is like any other.
    second = stage.project.change("Second.")
    stage.project.ok("deploy")
    assert stage.app.serving == second
    assert [c.operation for c in stage.cloud.requests].count("container_apps_create_or_update") == 1


def test_an_app_that_is_missing_and_cannot_be_made_is_found_before_anything_is_touched(
    stage_of: Callable[..., Stage],
) -> None:
    stage = stage_of(exists=False, target="")
    file = stage.project.root / "llmops.toml"
    file.write_text(file.read_text().replace('environment = "cae-demo"\n', ""))
    stage.project.commit()
    run = stage.project.llmops("deploy", "--json")
    assert run.status == 4
    assert "no `environment`" in error_of(run)["evidence"]
    assert changes(stage) == []


def test_a_deploy_asks_no_more_of_azure_than_it_needs(live: Stage) -> None:
    _run, counted = live.project.asked("deploy")
    assert live.app.serving == live.commits[2]
    asked = {name: times for name, times in counted.items() if name in DEPLOY}
    assert set(counted) == set(DEPLOY)
    assert all(times <= DEPLOY[name] for name, times in asked.items()), counted


def test_a_release_that_is_live_is_not_deployed_again(live: Stage) -> None:
    live.project.ok("deploy")
    made = len(live.app.revisions)
    run = live.project.ok("deploy", "--json")
    assert run.document["changed"] is False
    assert len(live.app.revisions) == made


def test_every_template_is_complete(live: Stage) -> None:
    live.project.ok("deploy")
    release = live.commits[2]
    template = live.app.revision_of(release).template
    [container] = template["containers"]
    assert container["image"] == live.project.images[release]
    assert "command" not in container
    assert "args" not in container
    assert template["terminationGracePeriodSeconds"] >= 5 + 5
    assert template["scale"]["minReplicas"] == 1
    assert template["scale"]["maxReplicas"] == 3
    rules = {rule["name"]: rule for rule in template["scale"]["rules"]}
    assert rules["http"]["http"]["metadata"] == {"concurrentRequests": "20"}
    assert rules["cpu"]["custom"] == {
        "type": "cpu",
        "metadata": {"type": "Utilization", "value": "70"},
    }
    probes = {probe["type"]: probe["httpGet"] for probe in container["probes"]}
    assert {kind: (p["path"], p["port"]) for kind, p in probes.items()} == {
        "Startup": ("/health/live", 8000),
        "Readiness": ("/health/ready", 8000),
        "Liveness": ("/health/live", 8000),
    }
    assert all("httpHeaders" not in probe for probe in probes.values())


def test_secrets_are_references_to_a_version_in_the_vault(live: Stage) -> None:
    live.project.ok("deploy")
    template = live.app.revision_of(live.commits[2]).template
    version = live.vault.version("llmops-api-key")
    assert version is not None
    name = f"llmops-api-key-{version.id[:8]}"
    [variable] = [v for v in template["containers"][0]["env"] if v["name"] == "LLMOPS_API_KEY"]
    assert variable == {"name": "LLMOPS_API_KEY", "secretRef": name}
    assert live.app.configuration["secrets"] == [
        {
            "name": name,
            "keyVaultUrl": f"{live.vault.url}/secrets/llmops-api-key/{version.id}",
            "identity": IDENTITY,
        }
    ]
    sent = json.dumps([call.body for call in changes(live)])
    assert "@Microsoft.KeyVault" not in sent
    assert version.value not in sent


def test_a_new_revision_has_no_traffic_until_it_is_checked(live: Stage) -> None:
    live.project.ok("deploy")
    old, new = (live.app.revision_of(release).name for release in live.commits[1:])
    states = [
        {one["revisionName"]: one["weight"] for one in traffic}
        for traffic in (traffic_of(call) for call in changes(live))
        if traffic is not None
    ]
    assert states == [{old: 100, new: 0}, {new: 100}]


def test_traffic_moves_in_the_steps_that_the_project_says(live: Stage) -> None:
    release = live.configure(traffic_steps="[20, 60, 100]", step_seconds=0.2, bake_seconds=0.2)
    live.project.ok("deploy")
    new = live.app.revision_of(release).name
    moved = [traffic_of(call) for call in changes(live)]
    shares = [{s["revisionName"]: s["weight"] for s in one}[new] for one in moved if one]
    assert shares == [0, 20, 60, 100]
    assert live.app.serving == release


def test_a_release_that_is_wrong_under_a_part_of_the_traffic_gives_it_back(live: Stage) -> None:
    live.configure(traffic_steps="[50, 100]", step_seconds=30)

    def spoil(call: Call) -> None:
        shares = {s["revisionName"]: s["weight"] for s in traffic_of(call) or []}
        new = [name for name in shares if name.startswith("demo--r") and shares[name] == 50]
        if new:
            # From now on it answers nobody, as a process that hangs.
            live.app.revisions[max(new, key=number)].manner = "silent"

    live.cloud.faults.on("container_apps_update", spoil, times=None)
    run = live.project.llmops("deploy", "--json")
    assert run.status == 8, run.said
    assert "while it is watched" in error_of(run)["message"]
    assert live.app.serving == live.commits[1]


def test_an_app_in_single_revision_mode_is_switched_without_a_moment_without_traffic(
    stage_of: Callable[..., Stage],
) -> None:
    stage = stage_of(mode="Single")
    stage.project.ok("deploy")
    first = next(
        call.body for call in changes(stage) if "activeRevisionsMode" in json.dumps(call.body)
    )
    configuration = first["properties"]["configuration"]
    assert configuration["activeRevisionsMode"] == "Multiple"
    assert configuration["ingress"]["traffic"] == [{"revisionName": "demo--first", "weight": 100}]
    assert "template" not in first["properties"]
    assert stage.app.serving == stage.commits[0]


def test_secrets_labels_and_containers_of_others_are_kept(live: Stage) -> None:
    app = live.app
    app.configuration["secrets"] = [
        *app.configuration["secrets"],
        {"name": "of-others", "value": "inline-value-of-others"},
    ]
    old = app.revision_of(live.commits[0]).name
    app.traffic and app.configuration["ingress"]["traffic"].append(
        {"revisionName": old, "weight": 0, "label": "blue"}
    )
    app.document["properties"]["template"]["containers"].append(
        {"name": "sidecar", "image": "localhost/sidecar:1", "env": []}
    )
    app.configuration["ingress"]["corsPolicy"] = {"allowedOrigins": ["https://example.com"]}
    live.vault.put("llmops-api-key", "another-key-0123456789abcdef")
    live.project.ok("deploy")
    assert {"name": "of-others", "value": "inline-value-of-others"} in app.configuration["secrets"]
    assert {"revisionName": old, "weight": 0, "label": "blue"} in app.traffic
    assert app.configuration["ingress"]["corsPolicy"] == {"allowedOrigins": ["https://example.com"]}
    names = [c["name"] for c in app.revision_of(live.commits[2]).template["containers"]]
    assert names == ["api", "sidecar"]


def changes(stage: Stage) -> list[Call]:
    """What was asked of Azure that changes the app."""
    return [call for call in stage.cloud.requests if call.method in ("PATCH", "PUT")]


def traffic_of(call: Call) -> list[dict[str, Any]] | None:
    """The list of shares in a change, if there is one."""
    configuration = (call.body.get("properties") or {}).get("configuration") or {}
    found: list[dict[str, Any]] | None = (configuration.get("ingress") or {}).get("traffic")
    return found


def number(name: str) -> int:
    """The number at the end of a revision's name."""
    return int(name.rpartition("-")[2])
