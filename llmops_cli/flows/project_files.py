"""The files of a new project: the templates, filled in, and the schema of the project file."""

import socket
from pathlib import Path

from llmops_cli import __version__
from llmops_cli.config.load import FILE_NAME, parse
from llmops_cli.config.model import Config
from llmops_cli.config.schema import SCHEMA_FILE
from llmops_cli.config.target import ListeningTarget
from llmops_cli.errors import ConfigError
from llmops_cli.flows.infra_files import files_for
from llmops_cli.rendering import render, template_names

_PORTS = range(8000, 65536)

#: The template whose files every other one has too, where it has none of its own.
PLAIN = "chat"
#: Left out of the others: their workflow would need the keys of providers.
_PLAIN_ONLY = "dot-github/"
#: Where the release is another server than our API: what it would not read.
_NOT_OURS = {"litellm-proxy": ("prompts/", "evals/")}
#: Kinds of target on Azure, in words.
AZURE = {"azure": "Azure App Service", "azure-containerapp": "Azure Container Apps"}
#: Kinds of target on AWS and on Google Cloud, in words.
AWS = {"aws": "ECS Fargate"}
GOOGLE = {"gcp": "Vertex AI", "gcp-run": "Cloud Run"}
#: Kinds of target whose infrastructure Terraform makes.
CLOUDS = {**AZURE, **AWS, **GOOGLE}
#: Kinds whose targets are elsewhere, with the folder of the files that their projects have over the
#: plain ones. Such a project has a target on this machine besides.
_ELSEWHERE = {
    "host": "init-host",
    **dict.fromkeys(AZURE, "init-azure"),
    **dict.fromkeys(AWS, "init-aws"),
    **dict.fromkeys(GOOGLE, "init-gcp"),
}
#: Packages besides the plain ones that a deploy needs, where it is not those for containers.
_EXTRAS = {("local", PLAIN): "serve", ("host", PLAIN): "", ("host", "router"): ""}
#: Minutes that a workflow's deploy may take: models of many gigabytes are downloaded by one.
_MINUTES = {"gpu-stack": 120}


def templates() -> list[str]:
    """Return the names of the templates that there are."""
    return _folders("init")


def kinds_for(template: str) -> tuple[str, ...]:
    """Return the kinds of target that a template goes with, the one that suits it best first."""
    elsewhere = [kind for kind, root in _ELSEWHERE.items() if template in _folders(root)]
    # All but the plain template have services beside the API.
    return ("local", "compose", *elsewhere) if template == PLAIN else ("compose", *elsewhere)


def project_files(directory: Path, name: str, kind: str, template: str) -> dict[str, str]:
    """Return the text of every file of a project, by its path inside the project's folder."""
    texts = template_texts(name, kind, template, _port(directory, kind))
    # What is there already may have been edited; the infrastructure follows it.
    config = existing_project(directory) or parse(texts[FILE_NAME], FILE_NAME)
    for target in config.targets if kind in CLOUDS else ():
        texts |= files_for(config, target)
    return {**texts, SCHEMA_FILE.name: SCHEMA_FILE.read_text(encoding="utf-8")}


def template_texts(name: str, kind: str, template: str, port: int) -> dict[str, str]:
    """Return the files of a template, filled in, by their paths inside a project's folder."""
    values = {
        "name": name,
        "kind": kind,
        "template": template,
        "port": port,
        "version": __version__,
        "extra": _EXTRAS.get((kind, template), "docker"),
        "minutes": _MINUTES.get(template, 30),
        "service": CLOUDS.get(kind, ""),
    }
    files = _files(template, kind)
    return {_path(file): render(file_of, values) for file, file_of in files.items()}


def _files(template: str, kind: str) -> dict[str, str]:
    """Return where the template of each file is: in its own folder, or in the plain one."""
    not_ours = _NOT_OURS.get(template, ())
    plain = {f: path for f, path in _in(f"init/{PLAIN}").items() if not f.startswith(not_ours)}
    if kind in _ELSEWHERE:
        # Not the template's own: they describe services in containers of one engine.
        own = [_in(f"{_ELSEWHERE[kind]}/{name}") for name in (PLAIN, template)]
        server = _in(f"init/{template}") if not_ours else {}
        return dict(sorted({**plain, **own[0], **server, **own[1]}.items()))
    if template != PLAIN:
        plain = {file: path for file, path in plain.items() if not file.startswith(_PLAIN_ONLY)}
    return dict(sorted({**plain, **_in(f"init/{template}")}.items()))


def _in(folder: str) -> dict[str, str]:
    return {file: f"{folder}/{file}" for file in template_names(folder)}


def _folders(root: str) -> list[str]:
    return sorted({path.partition("/")[0] for path in template_names(root)})


def existing_project(directory: Path) -> Config | None:
    """Return the project that the folder holds already, if there is a valid one."""
    try:
        return parse((directory / FILE_NAME).read_text(encoding="utf-8"), FILE_NAME)
    except (OSError, UnicodeDecodeError, ConfigError):
        return None


def _path(template: str) -> str:
    """Return where a template is written: `dot-` stands for the dot that hides a file.

    With real dots, git and the builder of the wheel would obey the templates' ignore files.
    """
    return "/".join(
        part.replace("dot-", ".", 1) if part.startswith("dot-") else part
        for part in template.split("/")
    )


def _port(directory: Path, kind: str) -> int:
    """Keep the port of a project that is there; choose the first free one for a new project."""
    config = existing_project(directory)
    targets = config.targets if config else {}
    for name in ("local", "compose") if kind in _ELSEWHERE else (kind,):
        target = targets.get(name)
        if isinstance(target, ListeningTarget):
            return target.port
    return next(filter(_is_free, _PORTS), _PORTS[0])


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
