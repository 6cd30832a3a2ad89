"""The files that describe a target's infrastructure: Terraform's, and the variables they take."""

import json
from collections.abc import Mapping

from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.config.azure_containerapp import AzureContainerAppTarget
from llmops_cli.config.azure_webapp import AzureWebappTarget
from llmops_cli.config.gcp_run import CloudRunTarget
from llmops_cli.config.gcp_vertex import VertexTarget
from llmops_cli.config.model import Config
from llmops_cli.config.target import TargetSettings
from llmops_cli.flows.infra_variables import variables_of
from llmops_cli.rendering import render, template_names

_ROOT = "infra"
#: Made from the settings of the project, every time; the other files belong to the operator.
VARIABLES = "terraform.tfvars.json"
_STATE_KEYS = (
    *("project", "target", "location", "name_suffix", "operators"),
    *("region", "account", "gcp_project"),
)
_AZURE = (("shared", ""), ("{kind}", ""), ("state", "state/"))
#: The folders of templates that describe a kind of target, and where below its own they go.
_FOLDERS = {
    "azure": _AZURE,
    "azure-containerapp": _AZURE,
    "aws": (("aws", ""), ("aws-state", "state/")),
    "gcp": (("gcp", ""), ("gcp-vertex", ""), ("gcp-state", "state/")),
    "gcp-run": (("gcp", ""), ("gcp-run", ""), ("gcp-state", "state/")),
}
_IGNORED = ".terraform/\n*.tfstate\n*.tfstate.*\n*.tfplan\ncrash.log\n"


def files_for(config: Config, target: str) -> dict[str, str]:
    """Return the text of every file, by its path inside the project; none if nothing is made."""
    settings = config.targets[target]
    if not has_infrastructure(settings):
        return {}
    place = f"{_ROOT}/{target}"
    texts = {f"{place}/.gitignore": _IGNORED}
    for pattern, below in _FOLDERS[settings.kind]:
        folder = f"{_ROOT}/{pattern.format(kind=settings.kind)}"
        for name in template_names(folder):
            texts[f"{place}/{below}{name}"] = render(f"{folder}/{name}", {})
    return dict(sorted({**texts, **variable_files(config, target)}.items()))


def variable_files(config: Config, target: str) -> dict[str, str]:
    """Return the two files of variables, which follow the settings of the project."""
    variables = variables_of(config, target)
    state = {key: variables[key] for key in _STATE_KEYS if key in variables}
    place = f"{_ROOT}/{target}"
    return {
        f"{place}/{VARIABLES}": _json(variables),
        f"{place}/state/{VARIABLES}": _json(state),
    }


def has_infrastructure(settings: TargetSettings) -> bool:
    """Whether the project says that something is to be made for a target."""
    kinds = AzureWebappTarget | AzureContainerAppTarget | AwsTarget | VertexTarget | CloudRunTarget
    return isinstance(settings, kinds) and settings.infra is not None


def _json(values: Mapping[str, object]) -> str:
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"
