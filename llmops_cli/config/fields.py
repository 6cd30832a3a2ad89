"""The kinds of values that a project file holds, each with its rule in words."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


@dataclass(frozen=True)
class Rule:
    """A regular expression that a whole text must match, and what it asks for in words.

    Pydantic's own ``pattern`` would show the expression to the operator; this shows the words.
    """

    pattern: str
    words: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": self.pattern}

    def _check(self, value: str) -> str:
        # `\Z`, because `$` would also match before a trailing line feed.
        if not re.search(self.pattern.removesuffix("$") + r"\Z", value):
            raise ValueError(f"must be {self.words}")
        return value


def _inside_the_project(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\\" in value:
        raise ValueError("must be a path inside the project, with / and without ..")
    return value


def _in_the_project_or_absolute(value: str) -> str:
    path = PurePosixPath(value)
    return value if path.is_absolute() and ".." not in path.parts else _inside_the_project(value)


def _http_address(value: str) -> str:
    try:
        url = urlsplit(value)
        has_port = url.port is None or url.port > 0
    except ValueError as error:
        raise ValueError("must be an address such as https://example.com/v1") from error
    if url.username is not None or url.password is not None:
        raise ValueError("must not hold a user or a password; name the key with `secret`")
    if url.scheme not in ("http", "https") or not url.hostname or not has_port:
        raise ValueError("must be an address such as https://example.com/v1")
    if url.query or url.fragment:
        raise ValueError("must end before any ? or #")
    return value


Text = Annotated[
    str, Rule(r"^[^\x00-\x1f\x7f]{1,200}$", "one line of 1 to 200 characters, not control ones")
]
Word = Annotated[str, Rule(r"^[A-Za-z_-]{1,32}$", "one word of 1 to 32 letters, _ and -")]
Name = Annotated[
    str,
    Rule(
        r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$",
        "1 to 40 lowercase letters, digits and dashes, the first a letter, the last not a dash",
    ),
]
SecretName = Annotated[
    str,
    Rule(
        r"^(LLMOPS_API_KEY|(?!LLMOPS_)[A-Z][A-Z0-9_]{0,127})$",
        "the name of a secret, such as OPENAI_API_KEY: capitals, digits and _, not LLMOPS_…",
    ),
]
Application = Annotated[
    str,
    Rule(
        r"^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_]*$",
        "a module and an attribute, such as mypackage.main:app",
    ),
]
HeaderName = Annotated[str, Rule(r"^[A-Za-z0-9-]{1,64}$", "the name of a header")]
Version = Annotated[str, Rule(r"^[A-Za-z0-9.-]{1,64}$", "a version, such as 2024-10-21")]
Host = Annotated[
    str, Rule(r"^[A-Za-z0-9.:_-]{1,253}$", "an address or a host name, without a port or brackets")
]
ProjectPath = Annotated[Text, AfterValidator(_inside_the_project)]
ModelFile = Annotated[Text, AfterValidator(_in_the_project_or_absolute)]
HttpAddress = Annotated[
    Text,
    Rule(r"^https?://[^\s]+$", "an address such as https://example.com/v1"),
    AfterValidator(_http_address),
]
Port = Annotated[int, Field(ge=1, le=65535)]
# A TOML array is a list; the rest of the file is read strictly.
Texts = Annotated[tuple[Text, ...], Field(strict=False)]
SecretNames = Annotated[tuple[SecretName, ...], Field(strict=False)]
