"""Reads a variable that holds a JSON list of records, as a project file's tables arrive here."""

from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from llmops_cli.serve.environment import Environment

Record = TypeVar("Record", bound=BaseModel)


def read_list(environment: Environment, name: str, record: type[Record]) -> list[Record]:
    """Return the records in ``name``, or in the file that ``<name>_FILE`` names; unset means none.

    What is wrong is left in ``environment.problems`` by its place, as ``NAME[0].key``, without the
    value; then there is no record at all.
    """
    source, text = environment.value_or_file(name)
    try:
        return TypeAdapter(list[record]).validate_json(text or "[]")  # type: ignore[valid-type]
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=False, include_input=False):
            environment.refuse(source + _place(problem["loc"]), problem["msg"])
        return []


def _place(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
