"""Vectors of texts, in the dialect of OpenAI, by the model that TEI serves beside the API."""

import os
from pathlib import Path
from typing import Annotated, Any

import httpx2
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, Field

#: LiteLLM, which knows TEI; as `litellm_port` in llmops.toml has it.
_LITELLM = "http://127.0.0.1:4000/v1/embeddings"
_SECONDS = 60.0


class Texts(BaseModel):
    """What is sent: one text of up to 32,000 characters, or up to 64 texts."""

    input: Annotated[str, Field(max_length=32_000)] | Annotated[list[str], Field(max_length=64)]
    model: str = Field(default="bge-m3", max_length=100)


router = APIRouter(tags=["embeddings"])


@router.post("/v1/embeddings")
async def embed(given: Texts) -> dict[str, Any]:
    """Return a vector for each text."""
    key = _key()
    if key is None:
        # On the target that stands alone there is no TEI.
        raise HTTPException(503, "no model for embeddings runs beside this API")
    headers = {"Authorization": f"Bearer {key}"}
    try:
        async with httpx2.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
            answer = await client.post(_LITELLM, json=given.model_dump(), headers=headers)
        answer.raise_for_status()
        return dict(answer.json())
    except (httpx2.HTTPError, ValueError) as error:
        raise HTTPException(502, "the model for embeddings did not answer") from error


def _key() -> str | None:
    """Return the key of LiteLLM, from the file that a release gets it in."""
    file = os.environ.get("LITELLM_MASTER_KEY_FILE")
    return Path(file).read_text(encoding="utf-8").strip() if file else None
