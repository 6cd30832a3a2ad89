"""Single requests to a Key Vault, where an answer other than 200 means something."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from llmops_cli.core.secret import Secret

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError
    from azure.keyvault.secrets import DeletedSecret, KeyVaultSecret, SecretClient

_CONTENT_TYPE = "text/plain"
_RECOVERABLE = "ObjectIsDeletedButRecoverable"
#: States of a name that pass by themselves.
_PASSING = (_RECOVERABLE, "ObjectIsBeingDeleted", "ObjectIsBeingRecovered")


class DisabledError(Exception):
    """Somebody has disabled the version that was asked for."""


def get(client: "SecretClient", name: str, version: str | None) -> "KeyVaultSecret | None":
    """Return a version of a secret, the newest unless one is named, or None where there is none.

    Raises:
        DisabledError: it is disabled.
        azure.core.exceptions.AzureError: it cannot be read otherwise.
    """
    from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

    try:
        return client.get_secret(name, version)
    except ResourceNotFoundError:
        return None
    except HttpResponseError as error:
        if inner_code(error) == "SecretDisabled":
            raise DisabledError from error
        raise


def put(
    client: "SecretClient", name: str, value: Secret, tags: Mapping[str, str]
) -> "KeyVaultSecret | None":
    """Store a new version; None where the name is deleted, or on its way back, and not yet usable.

    A deleted name is sent on its way back. Errors are azure's.
    """
    from azure.core.exceptions import ResourceExistsError

    try:
        return client.set_secret(
            name, value.reveal(), content_type=_CONTENT_TYPE, tags=dict(tags), enabled=True
        )
    except ResourceExistsError as error:
        state = inner_code(error)
        if state not in _PASSING:
            raise
    if state == _RECOVERABLE:
        try:
            client.begin_recover_deleted_secret(name)
        except ResourceExistsError as error:
            if inner_code(error) not in _PASSING:
                raise
    return None


def delete(client: "SecretClient", name: str) -> "DeletedSecret | None":
    """Delete a secret, as softly as the vault does; None where there is none. Errors are azure's.

    Does not wait until the vault is done.
    """
    from azure.core.exceptions import ResourceNotFoundError

    try:
        return client.begin_delete_secret(name).result()
    except ResourceNotFoundError:
        return None


def inner_code(error: "HttpResponseError") -> str:
    """Return the code within the code of an error, which tells why; nothing where there is none."""
    inner = getattr(error.error, "innererror", None)
    code = inner.get("code") if isinstance(inner, Mapping) else None
    return str(code or "")
