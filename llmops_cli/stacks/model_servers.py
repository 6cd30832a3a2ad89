"""The servers of models that run on the machine itself: vLLM for chats, TEI for embeddings."""

from collections.abc import Sequence

from llmops_cli.config.compose_target import ModelServer
from llmops_cli.stacks.service import Service

VLLM_KEY = "VLLM_API_KEY"
#: Opens models of Hugging Face that ask for consent. Used where the project lists it.
HUB_TOKEN = "HF_TOKEN"  # noqa: S105 - the name of one

_DEFAULT_EMBEDDINGS = "BAAI/bge-m3"
#: Seconds that the first start may take: 140 GB come over the network before it.
_FIRST_START = 2700


def vllm(image: str, settings: ModelServer, listed: Sequence[str]) -> Service:
    """Return vLLM with the project's model, on every GPU unless the project says how many."""
    return Service(
        "vllm",
        image,
        secrets=(VLLM_KEY, *_hub_token(listed)),
        data="/cache",
        start_seconds=_FIRST_START,
        values={
            "model": settings.model,
            "arguments": settings.arguments,
            "gpus": "all" if settings.gpus is None else settings.gpus,
            "memory": settings.memory or "64g",
        },
    )


def tei(image: str, settings: ModelServer, listed: Sequence[str]) -> Service:
    """Return TEI with the project's model, on the processor unless the project gives it GPUs."""
    return Service(
        "tei",
        image,
        secrets=_hub_token(listed),
        data="/data",
        start_seconds=_FIRST_START,
        values={
            "model": settings.model or _DEFAULT_EMBEDDINGS,
            "arguments": settings.arguments,
            "gpus": settings.gpus or 0,
            "memory": settings.memory or "8g",
        },
    )


def _hub_token(listed: Sequence[str]) -> tuple[str, ...]:
    return (HUB_TOKEN,) if HUB_TOKEN in listed else ()
