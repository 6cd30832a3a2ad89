"""What `llmops doctor` looks at for a target on Google Cloud: who we are, and what we may do."""

import importlib.metadata
from collections.abc import Callable, Sequence
from urllib.parse import quote

from llmops_cli.clouds.gcp.account import INSTALL, Account, require_packages, required
from llmops_cli.clouds.gcp.http import Question, Web
from llmops_cli.clouds.gcp.patience import reading
from llmops_cli.clouds.gcp.shelf import STORAGE
from llmops_cli.config.gcp_run import CloudRunTarget
from llmops_cli.core.diagnosis import Diagnosis, Probe, ok, problem, warning
from llmops_cli.errors import AccessError, DeployError, PreflightError

_PACKAGES, _WHO, _PLACE, _SECRETS, _BUCKET = (
    "google packages",
    "google credential",
    "google place",
    "secret manager",
    "bucket",
)
#: The clients wait longer for an answer than anybody wants to wait here.
_SECONDS = 25.0
_NEEDED = ("storage.objects.create", "storage.objects.delete", "storage.objects.get")


def probes(account: Account, project: str) -> list[Probe]:
    """Return the looks at what a target on Google Cloud needs; ``project`` is the name of ours."""

    def probe(subject: str, look: Callable[[], Sequence[Diagnosis]]) -> Probe:
        return Probe(subject, look, _SECONDS)

    return [
        probe(_PACKAGES, _packages),
        probe(_WHO, lambda: _who(account)),
        probe(_PLACE, lambda: _of_somebody(account, lambda: _place(account, project))),
        probe(_SECRETS, lambda: _of_somebody(account, lambda: _secrets(account))),
        probe(_BUCKET, lambda: _of_somebody(account, lambda: _bucket(account))),
    ]


def _packages() -> Sequence[Diagnosis]:
    try:
        require_packages()
    except PreflightError as error:
        return [problem(_PACKAGES, f"{error.message} {error.evidence}", INSTALL)]
    version = importlib.metadata.version("google-auth")
    return [ok(_PACKAGES, f"the extra `gcp` is installed, google-auth {version}")]


def _who(account: Account) -> Sequence[Diagnosis]:
    try:
        require_packages()
    except PreflightError:
        return []  # The look at the packages says so.
    try:
        account.token()
    except (AccessError, DeployError) as error:
        lacks = "; ".join(error.evidence.splitlines())
        return [problem(_WHO, f"{error.message} ({lacks})", error.next_step)]
    return [ok(_WHO, f"{account.origin}; Google gives it tokens")]


def _of_somebody(account: Account, look: Callable[[], Sequence[Diagnosis]]) -> Sequence[Diagnosis]:
    """Look only where we are somebody to Google; the look at the credential tells if not."""
    try:
        account.token()
    except (AccessError, PreflightError, DeployError):
        return []
    return look()


def _place(account: Account, project: str) -> Sequence[Diagnosis]:
    from google.api_core.exceptions import NotFound

    settings = account.settings
    parent = f"projects/{account.project}/locations/{account.location}"
    if isinstance(settings, CloudRunTarget):
        client, name = "services", f"{parent}/services/{settings.service or project}"
        missing = warning(_PLACE, f"there is no service {name} yet", "llmops deploy makes it")
    else:
        endpoint = getattr(settings, "endpoint", None) or project
        client, name = "endpoints", f"{parent}/endpoints/{endpoint}"
        missing = problem(_PLACE, f"there is no endpoint {name}", "llmops infra apply")
    try:
        with account.told(f"look at {name}", failure=PreflightError):
            asked = account.client(client)
            asks = asked.get_service if client == "services" else asked.get_endpoint
            asks({"name": name}, **reading())
    except AccessError as error:
        return [problem(_PLACE, f"{error.message} ({error.evidence})", error.next_step)]
    except PreflightError as error:
        if isinstance(error.__cause__, NotFound):
            return [missing]
        raise
    return [ok(_PLACE, name)]


def _secrets(account: Account) -> Sequence[Diagnosis]:
    try:
        with account.told("list secrets", failure=PreflightError):
            request = {"parent": f"projects/{account.project}", "page_size": 1}
            next(iter(account.client("secrets").list_secrets(request, **reading())), None)
    except AccessError as error:
        text = f"secrets cannot be listed: {error.message}"
        return [warning(_SECRETS, text, error.next_step)]
    return [ok(_SECRETS, f"secrets of {account.project} can be listed")]


def _bucket(account: Account) -> Sequence[Diagnosis]:
    bucket = required(account.settings.bucket, "bucket")
    own = account.settings.endpoints.storage
    parameters = tuple(("permissions", name) for name in _NEEDED)
    path = f"/storage/v1/b/{quote(bucket, safe='')}/iam/testPermissions"
    question = Question("look at the bucket", "GET", path, parameters, failure=PreflightError)
    answer = Web(account, str(own or STORAGE).rstrip("/")).ask(question)
    if answer.status != 200:
        fix = "llmops infra apply, or mend `bucket` in llmops.toml"
        return [problem(_BUCKET, f"there is no bucket {bucket} ({answer.said})", fix)]
    held = answer.document.get("permissions") or []
    lacking = [name for name in _NEEDED if name not in held]
    if lacking:
        fix = f"gcloud storage buckets add-iam-policy-binding gs://{bucket} --member=MEMBER "
        fix += "--role=roles/storage.objectUser"
        text = f"{account.origin} lacks {', '.join(lacking)} in gs://{bucket}"
        return [problem(_BUCKET, text, fix)]
    return [ok(_BUCKET, f"the lock and the history can be written to gs://{bucket}")]
