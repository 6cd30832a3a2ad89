"""The infrastructure on Google Cloud is made for real, by Terraform with the provider's schema."""

import os
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from llmops_cli.config.load import parse
from llmops_cli.errors import ConfigError
from tests.infra.buckets import TOKEN
from tests.infra.gcp_site import NUMBER, PROJECT, GcpSite, made_gcp_site
from tests.infra.provider.needed import need_provider
from tests.infra.provider.others import other

TEMPLATES = Path(__file__).parents[2] / "templates" / "infra"
WHEEL = os.environ.get("LLMOPS_TEST_GOOGLE", "")
Made = Callable[..., GcpSite]


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The schema of the real provider, as far as the templates use it."""
    need_provider()
    if not Path(WHEEL).is_file():
        pytest.skip("needs LLMOPS_TEST_GOOGLE, the wheel of cdktf-cdktf-provider-google")
    text = "\n".join(path.read_text() for path in sorted(TEMPLATES.glob("gcp*/*.tf")))
    found = (
        sorted(set(re.findall(rf'^{kind} "(google_\w+)"', text, re.MULTILINE)))
        for kind in ("resource", "data")
    )
    return other(Path(WHEEL), "google", *found)


@pytest.fixture
def made(schema: dict[str, Any], tmp_path: Path) -> Iterator[Made]:
    with ExitStack() as stack:

        def make(kind: str, **more: str) -> GcpSite:
            return stack.enter_context(made_gcp_site(schema, tmp_path, kind, **more))

        yield make


@pytest.fixture(scope="module")
def vertex(schema: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[GcpSite]:
    """Everything that there is for an endpoint of Vertex AI, made."""
    with made_gcp_site(schema, tmp_path_factory.mktemp("vertex"), "gcp") as site:
        site.project.ok("infra", "apply", "--yes")
        yield site


@pytest.fixture(scope="module")
def cloud_run(
    schema: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GcpSite]:
    """Everything that there is for Cloud Run, planned first, and made."""
    with made_gcp_site(schema, tmp_path_factory.mktemp("run"), "gcp-run") as site:
        assert "state/google_storage_bucket.state" in site.project.ok("infra", "plan").out
        assert site.world.objects == {}
        site.project.ok("infra", "apply", "--yes")
        yield site


@pytest.fixture(params=["vertex", "cloud_run"])
def either(request: pytest.FixtureRequest) -> GcpSite:
    site: GcpSite = request.getfixturevalue(request.param)
    return site


def test_what_was_made_is_written_into_the_project_file(either: GcpSite) -> None:
    kind, found = either.kind, tomllib.loads(either.toml)
    target = found["targets"][kind]
    assert target["service_account"] == f"chat-{kind}-api@{PROJECT}.iam.gserviceaccount.com"
    buckets = [one["name"] for one in either.world.all("google_storage_bucket")]
    assert [name for name in buckets if "-llmops-" in name] == [target["bucket"]]
    place = f"europe-west4-docker.pkg.dev/{PROJECT}/chat"
    assert found["image"]["repository"] == f"{place}/chat"
    assert "# in the Netherlands" in either.toml
    assert TOKEN not in either.toml


def test_a_second_plan_has_nothing_to_do(either: GcpSite) -> None:
    # Which release has the traffic belongs to deploys.
    for endpoint in either.world.all("google_vertex_ai_endpoint"):
        assert re.fullmatch(r"1[0-9]{9}", endpoint["name"])
        assert not endpoint["dedicated_endpoint_enabled"]
        either.world.objects[endpoint["id"]]["traffic_split"] = '{"42": 100}'
    assert either.project.ok("infra", "plan", "--detailed-exitcode").status == 0


def test_the_state_and_its_own_home_lie_in_the_bucket(cloud_run: GcpSite) -> None:
    names = sorted(name for _, name in cloud_run.buckets.held)
    assert names == ["gcp-run-state/default.tfstate", "gcp-run/default.tfstate"]
    home = cloud_run.buckets.state("gcp-run-state/default.tfstate")
    assert [one["type"] for one in home["resources"]] == ["google_storage_bucket"]
    backend = (cloud_run.project.root / "infra/gcp-run/backend.hcl").read_text()
    assert 'prefix = "gcp-run"' in backend
    assert TOKEN not in backend


def test_only_jobs_of_the_repository_in_an_environment_may_deploy(cloud_run: GcpSite) -> None:
    world = cloud_run.world
    [provider] = world.all("google_iam_workload_identity_pool_provider")
    assert provider["attribute_condition"] == (
        'assertion.repository_owner_id == "4711" && assertion.repository_id == "815" && '
        'assertion.environment in ["production"]'
    )
    [trust] = [
        one["member"]
        for one in world.all("google_service_account_iam_member")
        if one["role"] == "roles/iam.workloadIdentityUser"
    ]
    pool = f"projects/{NUMBER}/locations/global/workloadIdentityPools/gh-chat-gcp-run-"
    assert trust.startswith(f"principalSet://iam.googleapis.com/{pool}")
    assert trust.endswith("/attribute.repository_id/815")
    out = cloud_run.project.ok("infra", "output").out
    assert "workload_identity_provider" in out
    assert f"chat-gcp-run-deploy@{PROJECT}.iam.gserviceaccount.com" in out


def test_roles_are_the_least_that_a_deploy_and_a_release_need(either: GcpSite) -> None:
    given = either.world.all("google_project_iam_member")
    free = {one["role"] for one in given if not one["condition"]}
    own = "roles/aiplatform.user" if either.kind == "gcp" else "roles/run.admin"
    assert free == {"roles/secretmanager.viewer", "roles/logging.viewer", own}
    conditions = {one["condition"][0]["expression"] for one in given if one["condition"]}
    assert conditions == {f'resource.name.startsWith("projects/{NUMBER}/secrets/chat-")'}
    service = f"serviceAccount:chat-{either.kind}-api@"
    roles = {one["role"] for one in given if one["member"].startswith(service)}
    assert roles == {"roles/secretmanager.secretAccessor"}


def test_images_with_a_tag_stay_and_their_tags_with_them(cloud_run: GcpSite) -> None:
    [registry] = cloud_run.world.all("google_artifact_registry_repository")
    assert registry["docker_config"][0]["immutable_tags"] is True
    removing = [one for one in registry["cleanup_policies"] if one["action"] == "DELETE"]
    assert [one["condition"][0]["tag_state"] for one in removing] == ["UNTAGGED"]


def test_who_google_does_not_let_in_is_told_how_to_log_in(cloud_run: GcpSite) -> None:
    said = "ci@acme does not have storage.objects.list access"
    cloud_run.buckets.refusals += [(403, said)] * 20
    run = cloud_run.project.llmops("infra", "plan")
    cloud_run.buckets.refusals.clear()
    assert run.status == 5, run.said
    assert "gcloud auth application-default login" in run.err


def test_without_anything_switched_on_nobody_is_trusted_and_nothing_told(made: Made) -> None:
    plan = made("gcp-run", lines="").project.ok("infra", "plan").out
    assert "google_service_account.deployer" in plan
    assert not re.search("identity_pool|google_monitoring|budget", plan)


@pytest.mark.parametrize("key", ["project", "location"])
def test_where_to_make_it_is_asked_for(made: Made, key: str) -> None:
    site = made("gcp-run")
    lines = [line for line in site.toml.splitlines() if not line.startswith(key)]
    site.project.write("llmops.toml", "\n".join(lines))
    run = site.project.llmops("infra", "plan")
    assert run.status == 4
    assert f"Which {key} of Google Cloud?" in run.err


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ('repository = "acme/chat"', "go together"),
        ("monthly_budget = 5", "without `alert_email`"),
    ],
)
def test_settings_that_are_half_are_refused(lines: str, says: str) -> None:
    text = f'name = "chat"\n[targets.gcp]\n[targets.gcp.infra]\n{lines}\n'
    with pytest.raises(ConfigError, match=says):
        parse(text, "llmops.toml")
