"""`python -m llmops_cli` is `llmops`."""

from llmops_cli.cli.main import main

main()
