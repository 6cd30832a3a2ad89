"""The shapes of documents, read from the models of an installed package, and checks against them.

A shape is one of ``{"type": name}``, ``{"enum": [values]}``, ``{"items": shape}`` for a list,
``{"values": shape}`` for a map, ``{"model": name}``, or ``{}``, which anything has.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Shape = dict[str, Any]
_PLAIN: Mapping[str, Shape] = {
    "str": {"type": "string"},
    "bytes": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "datetime.datetime": {"type": "time"},
    "datetime.date": {"type": "string"},
    "datetime.time": {"type": "string"},
    "datetime.timedelta": {"type": "string"},
    "JSON": {"type": "object"},
}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    # Key Vault has seconds since 1970.
    "time": (str, int),
}


@dataclass
class Models:
    """Reads models out of a package, each only when it is asked for: there may be thousands."""

    folder: Path
    definitions: dict[str, dict[str, Any]] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)

    def need(self, name: str) -> None:
        """Read a model and all that it is made of."""
        if name in self.definitions:
            return
        self.definitions[name] = {}
        self.definitions[name] = self._read(name)

    def shape(self, node: ast.expr) -> Shape:
        """Return the shape that an annotation means."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node = ast.parse(node.value, mode="eval").body
        text = ast.unparse(node)
        if text in _PLAIN:
            return dict(_PLAIN[text])
        if found := re.fullmatch(r"(?:_models\.|_types\.)+(\w+)", text):
            return self._named(found[1])
        if isinstance(node, ast.Subscript):
            return self._generic(node)
        return {}

    def _generic(self, node: ast.Subscript) -> Shape:
        kind = ast.unparse(node.value).rpartition(".")[2].lower()
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if kind == "optional":
            return self.shape(inner[0])
        if kind == "list":
            return {"items": self.shape(inner[0])}
        if kind in ("dict", "mutablemapping", "mapping"):
            return {"values": self.shape(inner[1])}
        if kind == "literal":
            return {"enum": [ast.literal_eval(part) for part in inner]} if _constant(inner) else {}
        shapes = [self.shape(part) for part in inner if ast.unparse(part) != "IO[bytes]"]
        named = [shape for shape in shapes if "enum" in shape or "model" in shape]
        return named[0] if named else {}

    def _named(self, name: str) -> Shape:
        if self._text("_enums.py") and (source := _class(self._text("_enums.py"), name)):
            return {"enum": re.findall(r'^    \w+ = "([^"]*)"', source, re.MULTILINE)}
        self.need(name)
        return {"model": name} if self.definitions[name] is not None else {}

    def _read(self, name: str) -> dict[str, Any]:
        source = _class(self._text("_models.py"), name)
        if source is None:
            return {"properties": {}, "is_open": True}
        head = re.split(r"\n    (?:@|def )", source, maxsplit=1)[0]
        made = ast.parse(head + "\n    pass\n").body[0]
        assert isinstance(made, ast.ClassDef)
        model: dict[str, Any] = {"properties": {}}
        for base in made.bases:
            base_name = ast.unparse(base).rpartition(".")[2]
            if base_name not in ("_Model", "Model"):
                self.need(base_name)
                model["properties"].update(self.definitions[base_name]["properties"])
        for statement in made.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Call):
                self._add_property(model, statement, statement.value)
        if "discriminator" in model:
            # Its kinds take over what it has, so that must be there first.
            self.definitions[name] = model
            model["kinds"] = self._kinds(name)
        return model

    def _add_property(self, model: dict[str, Any], line: ast.AnnAssign, made: ast.Call) -> None:
        how = ast.unparse(made.func)
        if how not in ("rest_field", "rest_discriminator") or not isinstance(line.target, ast.Name):
            return
        words = {word.arg: ast.unparse(word.value) for word in made.keywords}
        wire = ast.literal_eval(words["name"]) if "name" in words else line.target.id
        model["properties"][wire] = {
            "shape": self.shape(line.annotation),
            "required": not ast.unparse(line.annotation).startswith("Optional["),
            "read_only": words.get("visibility") == "['read']",
        }
        if how == "rest_discriminator":
            model["discriminator"] = wire

    def _kinds(self, base: str) -> dict[str, str]:
        pattern = rf'^class (\w+)\(\s*{base}\s*,\s*discriminator="([^"]+)"'
        kinds = {}
        for found in re.finditer(pattern, self._text("_models.py"), re.MULTILINE):
            self.need(found[1])
            kinds[found[2]] = found[1]
        return kinds

    def _text(self, file: str) -> str:
        if file not in self._texts:
            path = self.folder / file
            self._texts[file] = path.read_text() if path.is_file() else ""
        return self._texts[file]


def problems(
    value: Any,
    shape: Shape,
    definitions: Mapping[str, dict[str, Any]],
    *,
    where: str = "",
    is_answer: bool = False,
) -> Iterator[str]:
    """Yield what is wrong with a document, each with the place in it.

    Of a request, unknown and missing keys are wrong. Of an answer only types are: Azure leaves
    out, and adds, what it likes. Properties that are only read may be sent back, as Azure has it.
    """
    if value is None:
        return
    if "model" in shape:
        yield from _of_model(value, shape["model"], definitions, where, is_answer)
    elif "items" in shape:
        if not isinstance(value, list):
            yield f"{where}: a list is wanted, not {_kind(value)}"
            return
        for index, item in enumerate(value):
            place = f"{where}[{index}]"
            yield from problems(item, shape["items"], definitions, where=place, is_answer=is_answer)
    elif "values" in shape:
        if not isinstance(value, dict):
            yield f"{where}: an object is wanted, not {_kind(value)}"
            return
        for key, item in value.items():
            place = f"{where}.{key}"
            yield from problems(
                item, shape["values"], definitions, where=place, is_answer=is_answer
            )
    else:
        yield from _of_plain(value, shape, where)


def _of_model(
    value: Any, name: str, definitions: Mapping[str, dict[str, Any]], where: str, is_answer: bool
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: an object ({name}) is wanted, not {_kind(value)}"
        return
    model = definitions[name]
    if kinds := model.get("kinds"):
        kind = value.get(model["discriminator"])
        if kind not in kinds:
            yield f"{where}: {kind!r} is none of the kinds {', '.join(kinds)} of {name}"
            return
        name, model = kinds[kind], definitions[kinds[kind]]
    properties = model["properties"]
    for key, item in value.items():
        if key in properties:
            shape, place = properties[key]["shape"], f"{where}.{key}"
            yield from problems(item, shape, definitions, where=place, is_answer=is_answer)
        elif not is_answer and not model.get("is_open"):
            yield f"{where}: {name} has no `{key}`"
    for key, known in properties.items():
        is_missing = known["required"] and not known["read_only"] and value.get(key) is None
        if is_missing and not is_answer:
            yield f"{where}: {name} needs `{key}`"


def _of_plain(value: Any, shape: Shape, where: str) -> Iterator[str]:
    if "enum" in shape:
        # Azure compares without regard to case, and answers in another case than it was given.
        if str(value).lower() not in [str(known).lower() for known in shape["enum"]]:
            yield f"{where}: {value!r} is none of {', '.join(map(str, shape['enum']))}"
    elif "type" in shape:
        is_wrong_number = isinstance(value, bool) and shape["type"] in ("integer", "number")
        if not isinstance(value, _TYPES[shape["type"]]) or is_wrong_number:
            yield f"{where}: {shape['type']} is wanted, not {_kind(value)} {value!r:.60}"


def _class(text: str, name: str) -> str | None:
    found = re.search(rf"^class {name}\(", text, re.MULTILINE)
    if found is None:
        return None
    end = re.compile(r"^class ", re.MULTILINE).search(text, found.end())
    return text[found.start() : end.start() if end else None]


def _constant(nodes: list[ast.expr]) -> bool:
    return all(isinstance(node, ast.Constant) for node in nodes)


def _kind(value: Any) -> str:
    return {dict: "an object", list: "a list"}.get(type(value), type(value).__name__)
