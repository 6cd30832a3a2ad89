"""Recognises texts that have the shape of a secret value: they are refused and never shown."""

import re
from collections.abc import Iterator

# Prefixes that the issuers document: OpenAI, Anthropic, OpenRouter, DeepSeek and Langfuse (`sk-`),
# GitHub, GitLab, Slack, AWS with its keys of Bedrock, Google, Hugging Face, Groq, xAI, NVIDIA,
# Perplexity, Replicate, Cerebras, Tavily, LangSmith, Pinecone, Databricks, Stripe, SendGrid, npm,
# PyPI, Docker Hub, Vault, Grafana; Azure's keys by the mark inside them, those of its storage by
# their name; keys of `llmops keys create`; then JSON web tokens and PEM private keys.
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-[A-Za-z0-9_-]{16,}|gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_\w{30,}"
    r"|gl(?:pat|dt|rt|cbt|ptt|soat|oas)-[\w-]{16,}|xox[abeprs]-[A-Za-z0-9-]{16,}"
    r"|xapp-\d-[A-Za-z0-9-]{16,}|A[KS]IA[A-Z0-9]{16}|ABSK[A-Za-z0-9+/=]{60,}|AIza[\w-]{30,}"
    r"|GOCSPX-[\w-]{20,}|ya29\.[\w-]{30,}|llmops_[\w-]{43}|hf_[A-Za-z0-9]{24,}"
    r"|gsk_[A-Za-z0-9]{24,}|xai-[A-Za-z0-9]{40,}|nvapi-[\w-]{40,}|pplx-[A-Za-z0-9]{30,}"
    r"|r8_[A-Za-z0-9]{30,}|csk-[a-z0-9]{30,}|tvly-[A-Za-z0-9-]{24,}|lsv2_[ps][tk]_[0-9a-f]{32}"
    r"|pcsk_\w{40,}|dapi[0-9a-f]{32}|[rs]k_(?:live|test)_[A-Za-z0-9]{20,}"
    r"|SG\.[\w-]{16,}\.[\w-]{30,}|npm_[A-Za-z0-9]{36}|pypi-AgE[\w-]{40,}|dckr_pat_[\w-]{20,}"
    r"|hvs\.[\w-]{24,}|glsa_\w{30,}|[A-Za-z0-9]{40,60}JQQJ99[A-Za-z0-9]{20,}"
    r"|\w{3}\dQ~[\w~.-]{31,34}|AccountKey=[A-Za-z0-9+/]{80,}"
    r"|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----)"
)


def holds_a_secret(text: str) -> bool:
    """Whether a part of ``text`` has the shape of a secret value."""
    return _SHAPES.search(text) is not None


def without_secrets(text: str) -> str:
    """Return ``text`` with everything that has the shape of a secret value left out."""
    return _SHAPES.sub("[secret]", text)


def shaped_values(text: str) -> Iterator[tuple[int, str]]:
    """Yield where in ``text`` something has the shape of a secret value, and that something."""
    yield from ((found.start(), found.group()) for found in _SHAPES.finditer(text))
