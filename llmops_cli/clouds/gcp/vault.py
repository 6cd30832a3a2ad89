"""Single requests to Secret Manager, where an answer other than "here it is" means something."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmops_cli.clouds.gcp.account import Account
from llmops_cli.clouds.gcp.checksum import crc32c
from llmops_cli.clouds.gcp.patience import changing, reading
from llmops_cli.core.secret import Secret

LABELS = {"managed-by": "llmops"}
_ACCESSOR = "roles/secretmanager.secretAccessor"
_ATTEMPTS = 3


class DisabledError(Exception):
    """Somebody has disabled or destroyed the version that was asked for."""


class DamagedError(Exception):
    """A value does not fit its checksum, however often it is asked for, or is no text."""


@dataclass(frozen=True)
class Described:
    """A secret without its values; ``etag`` is what a change of the annotations is meant for."""

    name: str
    etag: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Vault:
    """The secrets of an account's project. Errors are Google's, unless it is said otherwise."""

    account: Account

    def describe(self, name: str) -> Described | None:
        """Return what is known of a secret, or None where there is none."""
        from google.api_core.exceptions import NotFound

        try:
            found = self._client.get_secret({"name": name}, **reading())
        except NotFound:
            return None
        return Described(name, found.etag, dict(found.annotations))

    def make(self, name: str) -> None:
        """Make a secret without a value, unless it is there, in the region of the target."""
        from google.api_core.exceptions import AlreadyExists

        parent, _, secret_id = name.partition("/secrets/")
        replicas = [{"location": self.account.location}]
        secret = {"replication": {"user_managed": {"replicas": replicas}}, "labels": LABELS}
        try:
            self._client.create_secret(
                {"parent": parent, "secret_id": secret_id, "secret": secret}, **changing()
            )
        except AlreadyExists:
            return
        self._let_releases_read(name)

    def annotate(self, secret: Described, annotations: Mapping[str, str]) -> None:
        """Replace a secret's annotations, if it is as it was read.

        Raises:
            Aborted, FailedPrecondition: it is not.
        """
        document = {"name": secret.name, "etag": secret.etag, "annotations": dict(annotations)}
        request = {"secret": document, "update_mask": {"paths": ["annotations"]}}
        self._client.update_secret(request, **changing())

    def add(self, name: str, value: Secret) -> str:
        """Store a new version and return it. Google compares the checksum."""
        data = value.reveal().encode()
        payload = {"data": data, "data_crc32c": crc32c(data)}
        made = self._client.add_secret_version({"parent": name, "payload": payload}, **changing())
        return str(made.name).rpartition("/")[2]

    def access(self, name: str, version: str) -> Secret | None:
        """Return the value of a version, or None where there is none.

        Raises:
            DisabledError: it is disabled or destroyed.
            DamagedError: it does not fit its checksum.
        """
        from google.api_core.exceptions import FailedPrecondition, NotFound

        for _attempt in range(_ATTEMPTS):
            try:
                found = self._client.access_secret_version(
                    {"name": f"{name}/versions/{version}"}, **reading()
                )
            except NotFound:
                return None
            except FailedPrecondition as error:
                raise DisabledError from error
            # The client does not compare them.
            if crc32c(found.payload.data) == found.payload.data_crc32c:
                return _text(found.payload.data)
        raise DamagedError

    def enabled(self, name: str) -> list[int]:
        """Return the numbers of the versions that can be used."""
        from google.api_core.exceptions import NotFound

        request = {"parent": name, "filter": "state:ENABLED", "page_size": 1000}
        try:
            found = list(self._client.list_secret_versions(request, **reading()))
        except NotFound:
            return []
        return [
            int(version.name.rpartition("/")[2])
            for version in found
            if version.state.name == "ENABLED"
        ]

    def disable(self, name: str, version: str) -> None:
        """Make sure that nobody can use a version any more."""
        request = {"name": f"{name}/versions/{version}"}
        self._client.disable_secret_version(request, **changing())

    def delete(self, name: str) -> bool:
        """Delete a secret with all its versions, for ever; False where there is none."""
        from google.api_core.exceptions import NotFound

        try:
            self._client.delete_secret({"name": name}, **changing())
        except NotFound:
            return False
        return True

    def ids(self, prefix: str) -> list[str]:
        """Return the ids of the secrets that begin with ``prefix``."""
        request: dict[str, Any] = {
            "parent": f"projects/{self.account.project}",
            "filter": f"name:{prefix}",
            "page_size": 1000,
        }
        found = self._client.list_secrets(request, **reading())
        ids = [str(secret.name).rpartition("/")[2] for secret in found]
        return [id for id in ids if id.startswith(prefix)]

    @property
    def _client(self) -> Any:
        return self.account.client("secrets")

    def _let_releases_read(self, name: str) -> None:
        """Let the service account of releases read a secret that was just made.

        Where we may not, a deploy says so: an administrator may have allowed it for all secrets.
        """
        from google.api_core.exceptions import Forbidden

        service_account = self.account.settings.service_account
        if service_account is None:
            return
        binding = {"role": _ACCESSOR, "members": [f"serviceAccount:{service_account}"]}
        request = {"resource": name, "policy": {"bindings": [binding]}}
        try:
            self._client.set_iam_policy(request, **changing())
        except Forbidden:
            return


def _text(data: bytes) -> Secret:
    try:
        return Secret(data.decode())
    except UnicodeDecodeError as error:
        raise DamagedError from error
