"""What AWS says of its interfaces, in the models that the installed botocore has."""

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

#: Types of the wire by the names that the models have for them. A timestamp is a number of seconds.
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "character": (str,),
    "blob": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}


@cache
def model_of(service: str) -> ServiceModel:
    """Return the model of a service, such as "ecs"."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@dataclass
class Complaints:
    """What is wrong with a document, each with where. Without ``is_strict``, as much as may be in
    an answer: AWS is not held to the lengths that it holds others to.
    """

    is_strict: bool
    found: list[str] = field(default_factory=list)

    def look(self, value: Any, shape: Shape, place: str) -> None:
        """Compare a value with what it should be."""
        expected = _TYPES[shape.type_name]
        is_bool = isinstance(value, bool) and bool not in expected
        if is_bool or not isinstance(value, expected):
            self.found.append(f"{place} is {value!r}, not a {shape.type_name}")
        elif isinstance(shape, StructureShape):
            self._look_at_members(value, shape, place)
        elif isinstance(shape, ListShape):
            self._measure(len(value), shape, place)
            for number, item in enumerate(value):
                self.look(item, shape.member, f"{place}[{number}]")
        elif isinstance(shape, MapShape):
            for key, item in value.items():
                self.look(key, shape.key, f"{place} (a key)")
                self.look(item, shape.value, f"{place}.{key}")
        else:
            self._look_at_text(value, shape, place)

    def _look_at_members(self, value: dict[str, Any], shape: StructureShape, place: str) -> None:
        members = {
            member.serialization.get("name", n): member for n, member in shape.members.items()
        }
        for name in shape.required_members:
            if name not in value and self.is_strict:
                self.found.append(f"{place}.{name} is missing")
        for name, item in value.items():
            if name in members:
                self.look(item, members[name], f"{place}.{name}")
            else:
                self.found.append(f"{place}.{name} is unknown")
        if shape.is_tagged_union and len(value) != 1:
            self.found.append(f"{place} has to have one member")

    def _look_at_text(self, value: Any, shape: Shape, place: str) -> None:
        if allowed := shape.metadata.get("enum"):
            if value not in allowed:
                self.found.append(f"{place} is {value!r}, none of {', '.join(allowed)}")
            return
        self._measure(len(value) if isinstance(value, str) else value, shape, place)
        pattern = shape.metadata.get("pattern")
        if self.is_strict and pattern and isinstance(value, str) and not _fits(pattern, value):
            self.found.append(f"{place} is {value!r}, which is not like {pattern}")

    def _measure(self, size: float, shape: Shape, place: str) -> None:
        least, most = shape.metadata.get("min"), shape.metadata.get("max")
        if self.is_strict and not (least or 0) <= size <= (most if most is not None else size):
            self.found.append(f"{place} has {size}, not {least} to {most}")


def operation_of(service: str, name: str) -> OperationModel | None:
    """Return an operation of a service, such as "UpdateService"; None where it has none such."""
    model = model_of(service)
    return model.operation_model(name) if name in model.operation_names else None


def broken(operation: OperationModel, body: Any) -> list[str]:
    """Return what a request breaks of the contract."""
    return _compared(operation.input_shape, body, is_strict=True)


def untrue(operation: OperationModel, body: Any) -> list[str]:
    """Return what an answer breaks of the contract."""
    return _compared(operation.output_shape, body, is_strict=False)


def _compared(shape: Shape | None, body: Any, *, is_strict: bool) -> list[str]:
    if shape is None:
        return ["there is a body"] if body else []
    complaints = Complaints(is_strict)
    complaints.look(body, shape, shape.name)
    return complaints.found


def _fits(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text, re.ASCII) is not None
    except re.error:
        # Some are written for another language's expressions.
        return True
