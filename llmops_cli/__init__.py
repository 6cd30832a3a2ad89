"""llmops: turn a git commit into a running, verified, reversible release of an LLM API."""

__version__ = "0.1.0"
