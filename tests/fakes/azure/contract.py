"""The interfaces of Azure, read from the packages that are installed: verb, address, query, body.

The file of App Service's operations has 100,000 lines. So only the operations that are asked for
are read, and what was read is kept in files, for the other test processes too.
"""

import hashlib
import importlib.metadata
import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

from tests.fakes.azure import models, operation, source
from tests.fakes.azure.operation import ARM, SERVICES, VAULT, Operation, Service
from tests.fakes.azure.source import Source

__all__ = ["ARM", "VAULT", "Contract", "Operation"]

_FOLDER = f"llmops-azure-contract-{os.getuid()}"
_READERS = (models, operation, source)


@dataclass
class Contract:
    """The operations, by name. ``cache`` is a folder for what was read before."""

    cache: Path = field(default_factory=lambda: Path(tempfile.gettempdir()) / _FOLDER)
    _sources: dict[str, Source | None] = field(default_factory=dict)

    def operation(self, name: str) -> Operation:
        """Return an operation.

        Raises:
            LookupError: no package has one of that name.
        """
        file = self.cache / f"{self._edition}-{name}.json"
        if file.is_file():
            return Operation(**json.loads(file.read_text()))
        found = self._read(name)
        self.cache.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(asdict(found)))
        draft.replace(file)
        return found

    def nearest(self, method: str, path: str) -> str:
        """Say which operation a request would be that nobody registered a handler for."""
        for service in SERVICES:
            source = self._source(service)
            for name in source.named_at(path) if source else ():
                if (found := self.operation(name)).method == method:
                    return f"it is `{found.name}`, for which the fake has no handler"
        return "no package knows it"

    def _read(self, name: str) -> Operation:
        for service in SERVICES:
            source = self._source(service)
            if source and source.has(name):
                return source.operation(name)
        raise LookupError(f"no installed package has an operation {name}")

    def _source(self, service: Service) -> Source | None:
        if service.package not in self._sources:
            folder = service.folder
            self._sources[service.package] = Source.at(service, folder) if folder else None
        return self._sources[service.package]

    @cached_property
    def _edition(self) -> str:
        parts = [Path(str(reader.__file__)).read_text() for reader in _READERS]
        for service in SERVICES:
            installed = importlib.metadata.version(service.package) if service.folder else "none"
            parts.append(f"{service}{installed}")
        return hashlib.sha256("".join(parts).encode()).hexdigest()[:12]
