"""Options that several commands share."""

from typing import Annotated

import typer

Target = Annotated[
    str | None, typer.Option("-t", "--target", help="The target, by its name in llmops.toml.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show the steps that would be taken, and take none.")
]
AllowDirty = Annotated[
    bool,
    typer.Option(
        "--allow-dirty", help="Deploy changes that no commit has; the release id says so."
    ),
]
LockWait = Annotated[
    float,
    typer.Option("--lock-wait", min=0, help="Seconds to wait for another deploy to end."),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
