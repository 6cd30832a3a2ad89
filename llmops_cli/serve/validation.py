"""Reads the JSON body of a request, whatever its Content-Type says, and never repeats it."""

from typing import Annotated, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, ValidationError

Body = TypeVar("Body", bound=BaseModel)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


#: A text with at least one character that can be seen.
NotBlank = Annotated[str, AfterValidator(_not_blank)]


def validated(model: type[Body], body: bytes) -> Body:
    """Return the body. Raises what FastAPI answers with a 422, without the values of the body.

    Types must be those of the model: "3" is no number, and 0 is not false.
    """
    try:
        return model.model_validate_json(body, strict=True)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError(
            [{**problem, "loc": ("body", *problem["loc"])} for problem in problems]
        ) from error
