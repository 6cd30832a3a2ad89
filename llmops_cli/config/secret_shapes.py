"""Recognises texts that have the shape of a secret value: they are refused and never shown."""

import re

# Prefixes that the issuers document: OpenAI and Anthropic, GitHub, GitLab, Slack, AWS, Google,
# Hugging Face, Groq; keys of `llmops keys create`; then JSON web tokens and PEM private keys.
_SHAPES = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-[A-Za-z0-9_-]{16,}|gh[oprsu]_[A-Za-z0-9]{30,}|github_pat_\w{30,}"
    r"|glpat-[\w-]{16,}|xox[abprs]-[A-Za-z0-9-]{16,}|A[KS]IA[A-Z0-9]{16}|AIza[\w-]{30,}"
    r"|llmops_[\w-]{43}|hf_[A-Za-z0-9]{24,}|gsk_[A-Za-z0-9]{24,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*"
    r"|-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----)"
)


def holds_a_secret(text: str) -> bool:
    """Whether a part of ``text`` has the shape of a secret value."""
    return _SHAPES.search(text) is not None


def without_secrets(text: str) -> str:
    """Return ``text`` with everything that has the shape of a secret value left out."""
    return _SHAPES.sub("[secret]", text)
