"""Turns the files of `templates/` into text; a name that a template lacks is an error."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def render(template: str, values: Mapping[str, object]) -> str:
    """Return the text of ``template``, a path inside `templates/`, with ``values`` filled in.

    Raises:
        jinja2.UndefinedError: the template uses a name that ``values`` lacks.
        jinja2.TemplateNotFound: there is no such template.
    """
    # What is rendered is TOML, YAML and Markdown, which HTML's escapes would damage.
    environment = Environment(
        loader=FileSystemLoader(_folder()),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(values)


def template_names(folder: str) -> Sequence[str]:
    """Return the paths of the templates in a folder of `templates/`, relative to it, in order."""
    root = _folder() / folder
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def _folder() -> Path:
    """Return `templates/`: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "templates"
    return installed if installed.is_dir() else package.parent / "templates"
