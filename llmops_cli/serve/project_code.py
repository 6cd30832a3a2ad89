"""Imports what a project puts into the API: routers of its own, or a whole application."""

import importlib
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.routing import iter_route_contexts
from starlette.convertors import FloatConvertor, IntegerConvertor, UUIDConvertor
from starlette.routing import BaseRoute, Mount, compile_path
from starlette.types import ASGIApp

from llmops_cli.serve.settings import Settings, SettingsError

#: What a parameter of each kind could be, to try one path on another with; of other kinds, "x".
_SAMPLES = {
    IntegerConvertor: "1",
    FloatConvertor: "1.5",
    UUIDConvertor: "00000000-0000-4000-8000-000000000000",
}

#: The path of what has none, such as a route by host name: it could be any.
_ANY = "/{path:path}"


def application(settings: Settings) -> ASGIApp:
    """Return the application that LLMOPS_APP names. Raises SettingsError when there is none."""
    found: ASGIApp = _imported("LLMOPS_APP", settings.app, "application")
    if not callable(found):
        raise _absent("LLMOPS_APP", settings.app, "application")
    return found


def routers(
    settings: Settings, routes: Iterable[BaseRoute], reserved: frozenset[str]
) -> list[APIRouter]:
    """Return the routers that LLMOPS_ROUTERS names.

    Raises SettingsError when one cannot be imported, or has a path that one of our ``routes``
    would answer in its place. The ``reserved`` paths stay free as well: they need no credential.
    """
    taken = {*_paths(routes), *reserved}
    found = []
    for name in settings.routers:
        router = _imported("LLMOPS_ROUTERS", name, "router")
        if not isinstance(router, APIRouter):
            raise _absent("LLMOPS_ROUTERS", name, "router of FastAPI")
        for path in _paths(router.routes):
            if any(_collide(path, ours) for ours in taken):
                raise SettingsError(
                    (f"LLMOPS_ROUTERS: {name} has the path {path}, which the API has already",)
                )
        taken |= set(_paths(router.routes))
        found.append(router)
    return found


def _imported(variable: str, name: str, kind: str) -> Any:
    module_name, _, attribute = name.partition(":")
    folder = str(Path.cwd())
    if folder not in sys.path:
        # At the end, so that no file of the project gets in the way of a library.
        sys.path.append(folder)
    try:
        found = getattr(importlib.import_module(module_name), attribute, None)
    except (ImportError, SyntaxError) as error:
        raise SettingsError((f"{variable}: {name} cannot be imported ({error})",)) from error
    if found is None:
        raise _absent(variable, name, kind)
    return found


def _absent(variable: str, name: str, kind: str) -> SettingsError:
    module_name, _, attribute = name.partition(":")
    return SettingsError((f"{variable}: {module_name} has no {kind} {attribute!r}",))


def _paths(routes: Iterable[BaseRoute]) -> Iterator[str]:
    for context in iter_route_contexts(list(routes)):
        if context.path is None:
            yield _ANY
        else:
            is_folder = isinstance(context.original_route, Mount)
            yield context.path + (_ANY if is_folder else "")


def _collide(one: str, other: str) -> bool:
    """Whether there is a path that both templates match, as far as samples can tell."""
    return _matches(one, _sample(other)) or _matches(other, _sample(one))


def _matches(template: str, path: str) -> bool:
    return compile_path(template)[0].match(path) is not None


def _sample(template: str) -> str:
    _, text, convertors = compile_path(template)
    for name, convertor in convertors.items():
        text = text.replace(f"{{{name}}}", _SAMPLES.get(type(convertor), "x"))
    return text
