"""How we prove to Google who we are: the first of several ways that is there, named."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llmops_cli.clouds.gcp import credential_file, gcloud, instance
from llmops_cli.config.gcp import GcpTarget
from llmops_cli.errors import AccessError

#: What a token is good for: everything that IAM lets its owner do.
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@dataclass(frozen=True)
class Chosen:
    """A way to prove who we are. ``origin`` says which in words, ``remedy`` is what renews it."""

    credential: Any
    origin: str
    remedy: str


@dataclass(frozen=True)
class Way:
    """One way. ``missing`` says why it is not there, or nothing; ``remedy`` is what makes it be."""

    kind: str
    remedy: str
    missing: Callable[[], str]
    origin: Callable[[], str]
    make: Callable[[], Any]


WAYS = (
    Way(
        kind="file",
        remedy="Point GOOGLE_APPLICATION_CREDENTIALS to a file of credentials.",
        missing=credential_file.named_missing,
        origin=lambda: credential_file.origin(credential_file.named()),
        make=lambda: credential_file.load(credential_file.named(), SCOPE),
    ),
    Way(
        kind="login",
        remedy="gcloud auth application-default login",
        missing=credential_file.login_missing,
        origin=lambda: credential_file.origin(credential_file.of_login()),
        make=lambda: credential_file.load(credential_file.of_login(), SCOPE),
    ),
    Way(
        kind="machine",
        remedy="Run it on a machine of Google Cloud that has a service account.",
        missing=instance.missing,
        origin=instance.origin,
        make=lambda: instance.make(SCOPE),
    ),
    Way(
        kind="gcloud",
        remedy="gcloud auth login",
        missing=gcloud.missing,
        origin=gcloud.origin,
        make=gcloud.make,
    ),
)


def choose(settings: GcpTarget) -> Chosen:
    """Return the first way that this machine has, or gcloud where the project names it.

    Asks Google for nothing yet. A file that is named and cannot be used is an error, and not a
    reason to be somebody else.

    Raises:
        AccessError: there is none; the evidence says of each why not.
    """
    tried = []
    for way in WAYS:
        if settings.credential not in ("auto", way.kind):
            continue
        missing = way.missing()
        if not missing:
            return Chosen(_with_quota(_made(way), settings), way.origin(), way.remedy)
        tried.append(f"{way.kind}: {missing}")
    raise _nobody(settings, tried)


def _made(way: Way) -> Any:
    from google.auth.exceptions import GoogleAuthError

    try:
        with warnings.catch_warnings():
            # What they warn of, a person's login without a project to count by, is given one here.
            warnings.simplefilter("ignore")
            return way.make()
    except (GoogleAuthError, ValueError, OSError) as error:
        raise AccessError(
            f"{way.origin()} cannot be used.",
            evidence=" ".join(str(error).split())[:500],
            state="Nothing was changed.",
            next_step=way.remedy,
        ) from error


def _with_quota(credential: Any, settings: GcpTarget) -> Any:
    """Return a person's login with the project whose quota it uses; some services refuse others."""
    from google.oauth2.credentials import Credentials

    is_person = isinstance(credential, Credentials) and credential.quota_project_id is None
    if not is_person or settings.project is None:
        return credential
    return credential.with_quota_project(settings.project)


def _nobody(settings: GcpTarget, tried: list[str]) -> AccessError:
    is_named = settings.credential == "gcloud"
    wanted = ' by `credential = "gcloud"`' if is_named else ""
    return AccessError(
        f"Nothing on this machine proves to Google who you are{wanted}.",
        evidence="\n".join(tried),
        state="Nothing was changed.",
        next_step="gcloud auth login" if is_named else "gcloud auth application-default login",
    )
