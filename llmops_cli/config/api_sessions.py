"""What a project file says of sessions: `[api.sessions]`, and its variables."""

from pydantic import Field

from llmops_cli.config.fields import SecretName
from llmops_cli.config.table import Table, variables_of

#: The keys of the table and the variables that the served API reads.
_VARIABLES = {
    "history_rows": "LLMOPS_HISTORY_ROWS",
    "history_tokens": "LLMOPS_HISTORY_TOKENS",
    "max_tokens": "LLMOPS_SESSION_MAX_TOKENS",
    "days": "LLMOPS_SESSION_DAYS",
    "database_secret": "LLMOPS_DATABASE_SECRET",
}


class Sessions(Table):
    """Chat sessions with a memory."""

    history_rows: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="Messages of a session that the model is shown again, the new one included.",
    )
    history_tokens: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="Tokens that these messages and the system prompt may have together, by an "
        "estimate of four bytes each. Older turns are left out. Default: no limit.",
    )
    max_tokens: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Tokens that an answer in a session may have. Default: the model's own limit. "
        "Requests to /v1 carry their own.",
    )
    days: int = Field(
        default=30,
        ge=0,
        le=36_500,
        description="Days after its last message on which a session is removed; 0 for never.",
    )
    database_secret: SecretName | None = Field(
        default=None,
        description="Name of the secret that holds the address of a PostgreSQL database, "
        "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, for replicas that share their sessions. "
        "Default: a SQLite file of the target.",
    )


def variables(sessions: Sessions) -> dict[str, str]:
    """Return the settings that the project makes, as the served API reads them."""
    return variables_of(sessions, _VARIABLES)
