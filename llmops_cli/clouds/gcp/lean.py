"""Loads of Google's largest package what is used, and the rest of it when somebody asks for it.

`google.cloud.aiplatform_v1` imports its hundred services and all their messages, seconds of it,
when anything in it is imported. Here its packages are put in place without that. Each of them loads
itself as ever at the first look at anything in it that is no module of its own, so that nobody who
uses it besides us sees a difference.
"""

import importlib
import importlib.machinery
import importlib.util
import sys
from types import ModuleType
from typing import Any

PACKAGE = "google.cloud.aiplatform_v1"
_SERVICES = ("endpoint_service", "model_service")
#: Packages whose own code does nothing but import what is in them.
_DEFERRED = (
    PACKAGE,
    f"{PACKAGE}.types",
    *(f"{PACKAGE}.services.{service}" for service in _SERVICES),
)


class Deferred(ModuleType):
    """A package whose own code has not run yet."""

    def __getattr__(self, name: str) -> object:
        """Return a module of the package, or what its own code makes, which then runs."""
        if name.startswith("__") and name not in ("__all__", "__version__"):
            raise AttributeError(name)
        if _has_module(self, name):
            return importlib.import_module(f"{self.__name__}.{name}")
        self.__class__ = ModuleType  # type: ignore[assignment]
        assert self.__spec__ is not None, "it was made with one"
        assert self.__spec__.loader is not None, "it is a package of files"
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def client_class(service: str, name: str) -> Any:
    """Return the class of a client, such as that of "endpoint_service".

    Where the package has come to be made otherwise than it is now, it is loaded as a whole.
    """
    prepared = _prepare()
    try:
        module = importlib.import_module(f"{PACKAGE}.services.{service}.client")
        found = getattr(module, name)
    except (ImportError, AttributeError):
        for package in prepared:
            sys.modules.pop(package, None)
        found = getattr(importlib.import_module(f"{PACKAGE}.services.{service}"), name)
    return found


def message_class(module: str, name: str) -> Any:
    """Return the class of a message, such as "DeployModelResponse" of "endpoint_service"."""
    _prepare()
    return getattr(importlib.import_module(f"{PACKAGE}.types.{module}"), name)


def _prepare() -> list[str]:
    """Put the packages in place that nobody has loaded yet, and return which."""
    prepared = []
    for package in _DEFERRED:
        parent = package.rpartition(".")[0]
        if package in sys.modules or (parent.startswith(PACKAGE) and _is_loaded(parent)):
            continue
        spec = importlib.util.find_spec(package)
        if spec is None or spec.loader is None or spec.submodule_search_locations is None:
            continue
        module = importlib.util.module_from_spec(spec)
        module.__class__ = Deferred
        sys.modules[package] = module
        # What an import would do; later ones find the package, and leave that out.
        setattr(sys.modules[parent], package.rpartition(".")[2], module)
        prepared.append(package)
    return prepared


def _is_loaded(package: str) -> bool:
    """Whether a package has run its own code."""
    found = sys.modules.get(package)
    return found is not None and type(found) is not Deferred and package == PACKAGE


def _has_module(package: ModuleType, name: str) -> bool:
    whole = f"{package.__name__}.{name}"
    if whole in sys.modules:
        return True
    return importlib.machinery.PathFinder.find_spec(whole, list(package.__path__)) is not None
