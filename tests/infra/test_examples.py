"""The Terraform of the examples is applied for real, by Terraform with the real schemas."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmops_cli.config.load import load
from llmops_cli.flows.infra_files import files_for
from llmops_cli.serve.environment import Environment
from llmops_cli.serve.upstreams import federation
from tests.infra.provider.needed import need_provider
from tests.infra.provider.others import Clouds, other, written
from tests.infra.provider.schema import azurerm, hashicorp_time
from tests.infra.provider.world import TENANT

if TYPE_CHECKING:
    from tests.infra.provider.server import Provider

EXAMPLES = Path(__file__).parents[2] / "examples"
#: Wheels of cdktf-cdktf-provider-NAME, for the schemas of the real providers.
WHEELS = {
    name: os.environ.get(f"LLMOPS_TEST_{name.upper()}", "")
    for name in ("azurerm", "azuread", "google", "local")
}
_BACKEND = 'terraform {\n  backend "local" {}\n}\n'


class Described:
    """The infrastructure of an example, written as `llmops infra` writes it, and its clouds."""

    def __init__(self, root: Path, example: str) -> None:
        shutil.copytree(EXAMPLES / example, root, ignore=shutil.ignore_patterns(".llmops"))
        for path, text in files_for(load(root), "azure").items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        self.folder = root / "infra/azure"
        (self.folder / "backend_override.tf").write_text(_BACKEND)
        self.clouds = Clouds()

    def providers(self) -> "dict[str, Provider]":
        """Providers for all that is described; skips the test where a wheel is missing."""
        from tests.infra.provider.server import Provider

        text = "\n".join(file.read_text() for file in sorted(self.folder.glob("*.tf")))
        found = {"hashicorp/time": Provider(hashicorp_time(), self.clouds)}
        for name, wheel in WHEELS.items():
            resources, data = (
                sorted(set(re.findall(rf'^{kind} "({name}_\w+)"', text, re.MULTILINE)))
                for kind in ("resource", "data")
            )
            if not resources:
                continue
            if not Path(wheel).is_file():
                pytest.skip(f"needs LLMOPS_TEST_{name.upper()}, the wheel of cdktf-provider-{name}")
            is_main = name == "azurerm"
            path = Path(wheel)
            schema = (
                azurerm(path, resources, data) if is_main else other(path, name, resources, data)
            )
            found[f"hashicorp/{name}"] = Provider(schema, self.clouds)
        return found

    def terraform(self, addresses: str, *arguments: str) -> str:
        environment = {**os.environ, "TF_REATTACH_PROVIDERS": addresses}
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env={**environment, "TF_CLI_CONFIG_FILE": os.devnull, "TF_IN_AUTOMATION": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def applied(example: str, tmp_path: Path) -> Iterator[Described]:
    """An example whose infrastructure was applied to empty clouds, and is as it should be."""
    need_provider()
    from tests.infra.provider.server import serving

    described = Described(tmp_path / example, example)
    with ExitStack() as stack:
        addresses = stack.enter_context(serving(described.providers()))
        for arguments in (
            ("init", "-input=false"),
            ("validate",),
            ("apply", "-auto-approve", "-input=false"),
        ):
            described.terraform(addresses, *arguments, "-no-color")
        yield described


@pytest.mark.parametrize("example", ["azure-app-service-chat", "azure-container-apps-router"])
def test_azure_openai_has_no_key_and_lets_the_apps_identity_in(applied: Described) -> None:
    account = applied.clouds.the("azurerm_cognitive_account")
    assert account["local_auth_enabled"] is False
    identity = applied.clouds.the("azurerm_user_assigned_identity")
    roles = [
        held
        for held in applied.clouds.objects.values()
        if held.get("role_definition_name") == "Cognitive Services OpenAI User"
    ]
    assert [role["principal_id"] for role in roles] == [identity["principal_id"]]
    assert [role["scope"] for role in roles] == [account["id"]]


@pytest.mark.parametrize("example", ["azure-container-apps-router"])
def test_google_trusts_the_one_identity_of_the_app(applied: Described, tmp_path: Path) -> None:
    clouds = applied.clouds
    identity = clouds.the("azurerm_user_assigned_identity")["principal_id"]
    [provider] = [held for held in clouds.objects.values() if "attribute_condition" in held]
    condition = provider["attribute_condition"]
    assert condition == f"assertion.sub == '{identity}' && assertion.tid == '{TENANT}'"
    [trusted] = provider["oidc"]
    assert trusted["issuer_uri"] == f"https://sts.windows.net/{TENANT}/"
    [member] = [
        held for held in clouds.objects.values() if held.get("role") == "roles/aiplatform.user"
    ]
    assert member["member"].endswith(f"/azure-container-apps-router/subject/{identity}")

    document = written(clouds, "local_file", "content")
    file = tmp_path / "google.json"
    [held] = [held for held in clouds.objects.values() if "content" in held]
    file.write_text(held["content"])
    environment = Environment({})
    assert federation.read(environment, "place", str(file)), environment.problems
    pool = (
        "projects/123456789012/locations/global/workloadIdentityPools/azure-container-apps-router"
    )
    assert document["audience"] == f"//iam.googleapis.com/{pool}/providers/azure"
    resource = document["credential_source"]["url"].partition("&resource=")[2]
    assert resource in trusted["allowed_audiences"]
