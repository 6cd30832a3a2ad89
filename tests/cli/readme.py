"""The tables of the README, as rows of cells."""

import re
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def rows(heading: str) -> list[list[str]]:
    """Return the rows of the table below a heading, without its header."""
    section = README.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def commands() -> dict[str, str]:
    """Return each command of the command table with the code spans that its row has."""
    found = {}
    for row in rows("Commands"):
        for usage in re.findall(r"`([^`]+)`", row[0]):
            found[usage.split()[0]] = " ".join(re.findall(r"`([^`]+)`", " ".join(row)))
    return found


def statuses() -> dict[int, str]:
    """Return each exit status with its meaning."""
    return {int(row[0]): row[1] for row in rows("Exit statuses")}
