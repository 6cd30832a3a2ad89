"""Takes addresses out of texts before anybody shows them to a model."""

import re

from fastapi import APIRouter
from pydantic import BaseModel, Field

from llmops_cli.serve.extending import current_caller

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")


class Text(BaseModel):
    """What is sent: up to 10,000 characters."""

    text: str = Field(max_length=10_000)


class Redacted(BaseModel):
    """What comes back: the text, how many addresses it held, and whose request it was."""

    text: str
    found: int
    tenant: str


router = APIRouter(tags=["redaction"])


@router.post("/redact")
def redact(given: Text) -> Redacted:
    """Replace every e-mail address by the word [address]."""
    text, found = _ADDRESS.subn("[address]", given.text)
    return Redacted(text=text, found=found, tenant=current_caller().tenant)
