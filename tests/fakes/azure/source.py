"""Reads operations out of the generated code of a package, without reading all of it."""

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fakes.azure.models import Models, Shape
from tests.fakes.azure.operation import LATER, Operation, Service

_BUILDER = re.compile(r'^def build_(\w+)_request\(|^    _url = (?:\(\s*)?"([^"]+)"', re.MULTILINE)


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
