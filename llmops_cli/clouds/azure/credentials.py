"""How we prove to Azure who we are: the first of several ways that is there, named."""

import os
from dataclasses import dataclass

from llmops_cli.clouds.azure.cloud import Cloud
from llmops_cli.clouds.azure.tokens import Tokens
from llmops_cli.clouds.azure.ways import WAYS, Surroundings
from llmops_cli.config.azure import AzureTarget
from llmops_cli.errors import AccessError


@dataclass(frozen=True)
class Chosen:
    """A way to prove who we are; ``origin`` says which in words, for reports and errors."""

    credential: Tokens
    origin: str


def choose(settings: AzureTarget, cloud: Cloud) -> Chosen:
    """Return the first way that this machine has, or the one that the project names.

    Asks Entra ID nothing yet. Only where no other way is there, this machine is asked for at most
    a second whether it is one of Azure's.

    Raises:
        AccessError: there is none; the evidence says of each why not.
    """
    around = Surroundings(
        tenant=settings.tenant or os.environ.get("AZURE_TENANT_ID") or None,
        client=os.environ.get("AZURE_CLIENT_ID") or None,
        authority=cloud.authority,
        is_known_authority=cloud.is_known_authority,
    )
    tried = []
    for way in WAYS:
        if settings.credential not in ("auto", way.kind):
            continue
        missing = way.missing(around)
        if not missing:
            origin = way.origin(around)
            return Chosen(Tokens(lambda: way.make(around), origin, way.remedy), origin)  # noqa: B023
        tried.append(f"{way.kind}: {missing}")
    raise _nobody(settings, tried)


def _nobody(settings: AzureTarget, tried: list[str]) -> AccessError:
    named = {way.kind: way.remedy for way in WAYS}.get(settings.credential)
    wanted = "" if named is None else f' by `credential = "{settings.credential}"`'
    return AccessError(
        f"Nothing on this machine proves to Azure who you are{wanted}.",
        evidence="\n".join(tried),
        state="Nothing was changed.",
        next_step=named or "az login",
    )
