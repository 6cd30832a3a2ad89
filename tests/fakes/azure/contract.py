"""The interfaces of Azure, read from the packages that are installed: verb, address, query, body.

The file of App Service's operations has 100,000 lines. So only the operations that are asked for
are read, and what was read is kept in files, for the other test processes too.
"""

import ast
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.fakes.azure.models import Models, Shape

ARM = "https://management.azure.com"
VAULT = "https://vault.azure.net"


@dataclass(frozen=True)
class Service:
    """A package with a generated client; ``version`` is the version of the interface we speak."""

    package: str
    operations: str
    version: str
    audience: str = ARM

    @property
    def folder(self) -> Path | None:
        """Where its modules are, or None: it is not installed."""
        try:
            found = importlib.util.find_spec(self.package.replace("-", "."))
        except ModuleNotFoundError:
            return None
        return Path(found.origin).parent if found and found.origin else None


SERVICES = (
    Service("azure-mgmt-web", "operations/_operations.py", "2025-05-01"),
    Service("azure-mgmt-appcontainers", "operations/_operations.py", "2025-07-01"),
    Service("azure-mgmt-containerregistry", "operations/_operations.py", "2025-11-01"),
    Service(
        "azure-keyvault-secrets", "_generated/_operations/_operations.py", "7.6", audience=VAULT
    ),
)


#: What the packages' models have of later versions than those we speak, by model: the services
#: would not take it. Found by comparison with other descriptions of the pinned versions.
LATER: Mapping[str, Sequence[str]] = {
    "ContainerAppProperties": ("networking",),
    "ManagedEnvironmentProperties": (
        "appInsightsConfiguration",
        "environmentMode",
        "openTelemetryConfiguration",
    ),
    "Scale": ("allowScalingRuleOverride",),
}


@dataclass(frozen=True)
class Operation:
    """One operation: how it is asked for, and which answers it may give."""

    name: str
    package: str
    version: str
    audience: str
    method: str
    template: str
    query: dict[str, dict[str, Any]]
    body: Shape | None
    result: Shape | None
    statuses: list[int]
    definitions: dict[str, dict[str, Any]] = field(repr=False)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What the paths look like; case makes no difference to Azure."""
        parts = re.split(r"\{[^}]*\}", self.template.rstrip("/"))
        text = "([^/]+)".join(map(re.escape, parts)) + "/?"
        # The version of a secret is left empty by whom asks for the newest.
        return re.compile(text.replace("/([^/]+)/?", "/([^/]*)/?"), re.IGNORECASE)

    @property
    def names(self) -> list[str]:
        """The names of the path's parameters, in order."""
        return re.findall(r"\{([^}]*)\}", self.template)


@dataclass
class Contract:
    """The operations, by name. ``cache`` is a folder for what was read before."""

    cache: Path = field(default_factory=lambda: Path(tempfile.gettempdir()) / _FOLDER)
    _sources: "dict[str, Source | None]" = field(default_factory=dict)

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

    def _source(self, service: Service) -> "Source | None":
        if service.package not in self._sources:
            folder = service.folder
            self._sources[service.package] = Source.at(service, folder) if folder else None
        return self._sources[service.package]

    @cached_property
    def _edition(self) -> str:
        parts = [Path(file).read_text() for file in (__file__, _MODELS)]
        for service in SERVICES:
            installed = importlib.metadata.version(service.package) if service.folder else "none"
            parts.append(f"{service}{installed}")
        return hashlib.sha256("".join(parts).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Source:
    """The generated code of one package."""

    service: Service
    text: str
    models: Models

    @staticmethod
    def at(service: Service, folder: Path) -> "Source":
        operations = folder / service.operations
        # The models are beside the folder of the operations.
        models = operations.parent.parent / "models"
        return Source(service, operations.read_text(), Models(models))

    def has(self, name: str) -> bool:
        """Whether it has the operation."""
        return f"\ndef build_{name}_request(" in self.text

    def named_at(self, path: str) -> list[str]:
        """Return the names of the operations that have such a path."""
        found, name = [], ""
        for line in re.finditer(_BUILDER, self.text):
            name = line[1] or name
            parts = re.split(r"\{[^}]*\}", line[2] or "-")
            if re.fullmatch("[^/]+".join(map(re.escape, parts)) + "/?", path, re.IGNORECASE):
                found.append(name)
        return found

    def operation(self, name: str) -> Operation:
        """Read one operation."""
        builder = f"build_{name}_request"
        asked = self._function(f"\ndef {builder}(", 0)
        calls = [found.start() for found in re.finditer(rf"= {builder}\(", self.text)]
        caller = self._method_around(calls[0])
        body, result = self._body(caller), self._result(caller)
        needed = _closure(self.models.definitions, [body, result])
        return Operation(
            name=name,
            package=self.service.package,
            version=self.service.version,
            audience=self.service.audience,
            method=_found(r'method="(\w+)"', asked),
            template=_found(r'_url = (?:\(\s*)?"([^"]+)"', asked),
            query=_query(asked),
            body=body,
            result=result,
            statuses=json.loads(_found(r"status_code not in (\[[\d, ]+\])", caller)),
            definitions={model: self._definition(model) for model in sorted(needed)},
        )

    def _definition(self, model: str) -> dict[str, Any]:
        found = self.models.definitions[model]
        later = LATER.get(model, ())
        kept = {key: one for key, one in found["properties"].items() if key not in later}
        return {**found, "properties": kept}

    def _function(self, opening: str, indent: int) -> str:
        start = self.text.index(opening) + 1
        end = re.compile(rf"^ {{0,{indent}}}(?=[\w@])", re.M).search(self.text, start + 1)
        return self.text[start : end.start() if end else None]

    def _method_around(self, position: int) -> str:
        start = self.text.rindex("\n    def ", 0, position) + 1
        end = re.compile(r"^ {0,4}(?=[\w@])", re.M).search(self.text, start + 5)
        return self.text[start : end.start() if end else None]

    def _body(self, caller: str) -> Shape | None:
        sent = re.search(r"json\.dumps\((\w+),", caller)
        if sent is None:
            return None
        return self.models.shape(_signature(caller)[sent[1]])

    def _result(self, caller: str) -> Shape | None:
        """The shape of an answer; of one in pages, a list of what is in them."""
        answered = re.search(r" = _deserialize\(\s*(List\[.+?\]|[\w.]+),\s", caller)
        if answered is None:
            return None
        return self.models.shape(ast.parse(answered[1], mode="eval").body)


_BUILDER = re.compile(r'^def build_(\w+)_request\(|^    _url = (?:\(\s*)?"([^"]+)"', re.MULTILINE)
_FOLDER = f"llmops-azure-contract-{os.getuid()}"
_MODELS = Path(__file__).with_name("models.py")


def _query(builder: str) -> dict[str, dict[str, Any]]:
    function = ast.parse(builder).body[0]
    assert isinstance(function, ast.FunctionDef)
    found = {}
    for statement in function.body:
        inner = statement.body if isinstance(statement, ast.If) else [statement]
        for line in inner:
            text = ast.unparse(line)
            if named := re.match(r"_params\['([^']+)'\] = _SERIALIZER\.query\([^)]*", text):
                kinds = re.findall(r"'(str|bool|int|float|\[str\]|iso-8601)'", text)
                kind = kinds[-1] if kinds else "str"
                found[named[1]] = {
                    "kind": kind,
                    "required": inner is not getattr(statement, "body", None),
                }
    return found


def _signature(method: str) -> dict[str, ast.expr]:
    end = re.search(r"^    \).*:$|^    def .*:$", method, re.M)
    assert end is not None
    text = method[: end.end()].replace("    def ", "def ", 1) + "\n    pass\n"
    function = ast.parse(re.sub(r"^    \)", ")", text, flags=re.M)).body[0]
    assert isinstance(function, ast.FunctionDef)
    every = [*function.args.args, *function.args.kwonlyargs]
    return {one.arg: one.annotation for one in every if one.annotation is not None}


def _closure(definitions: dict[str, dict[str, Any]], shapes: list[Shape | None]) -> set[str]:
    needed: set[str] = set()
    left = set(re.findall(r'"model": "(\w+)"', json.dumps(shapes)))
    while left:
        name = left.pop()
        needed.add(name)
        text = json.dumps(definitions[name])
        kinds = definitions[name].get("kinds", {}).values()
        left |= ({*re.findall(r'"model": "(\w+)"', text), *kinds}) - needed
    return needed


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    assert found is not None, f"{pattern} is not in\n{text[:2000]}"
    return found[1]
