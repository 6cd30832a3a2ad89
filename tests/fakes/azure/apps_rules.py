"""What Azure refuses of a change to a container app, in its own words."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tests.fakes.azure.apps_revision import references

_SUFFIX = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_SECRET = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")

#: A code and a message.
Fault = tuple[str, str]


def merged(before: Any, patch: Any) -> Any:
    """Return a document with a JSON merge patch: objects are merged, lists replaced as a whole."""
    if not isinstance(patch, dict):
        return patch
    found = dict(before) if isinstance(before, dict) else {}
    for key, value in patch.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = merged(found.get(key), value)
    return found


def faults(
    app: str,
    wanted: Mapping[str, Any],
    present: Mapping[str, Any] | None,
    revisions: Mapping[str, bool],
    used: Collection[str],
) -> Iterator[Fault]:
    """Yield what is wrong with an app as it would be.

    ``revisions`` says of each whether it is active; ``used`` are the secrets that active ones use.
    """
    yield from _of_tags(wanted.get("tags") or {})
    configuration = wanted["properties"]["configuration"]
    template = wanted["properties"]["template"]
    before = (present or {}).get("properties", {}).get("configuration", {}).get("secrets")
    yield from _of_secrets(configuration, before or [], used)
    yield from _of_registries(wanted, configuration)
    yield from _of_template(app, template, configuration)
    suffix = template.get("revisionSuffix")
    coming = {f"{app}--{suffix}"} if suffix else set()
    if configuration.get("activeRevisionsMode") == "Multiple":
        yield from _of_traffic(configuration, revisions, coming)


def has_names_twice(template: Mapping[str, Any]) -> bool:
    """Whether a container has a variable twice, at which Azure makes no revision silently."""
    names = [one["name"] for one in template["containers"][0].get("env") or []]
    return len(names) != len(set(names))


def _of_tags(tags: Mapping[str, str]) -> Iterator[Fault]:
    if len(tags) > 50:
        yield "InvalidTags", f"There are {len(tags)} tags; at most 50 are allowed."
    for name, value in tags.items():
        if len(value) > 256 or len(name) > 512 or value != value.strip():
            yield "InvalidTagValueLength", f"The tag {name} has {len(value)} characters."


def _of_secrets(
    configuration: Mapping[str, Any], before: list[dict[str, Any]], used: Collection[str]
) -> Iterator[Fault]:
    there = configuration.get("secrets") or []
    names = [one["name"] for one in there]
    for name, times in Counter(names).items():
        if times > 1 or not _SECRET.fullmatch(name):
            yield "ContainerAppInvalidSecretName", f"The secret name {name} is not valid."
    known = {one["name"] for one in before if one.get("value")}
    for one in there:
        if not one.get("keyVaultUrl") and not one.get("value"):
            yield "ContainerAppSecretInvalid", f"The secret {one['name']} has no value. {known}"
        if one.get("keyVaultUrl") and not one.get("identity"):
            yield "ContainerAppSecretInvalid", f"The secret {one['name']} needs an identity."
    for name in sorted({one["name"] for one in before} - set(names)):
        if name in used:
            yield "ContainerAppSecretInUse", f"The secret {name} is used by an active revision."


def _of_registries(wanted: Mapping[str, Any], configuration: Mapping[str, Any]) -> Iterator[Fault]:
    users = (wanted.get("identity") or {}).get("userAssignedIdentities") or {}
    known = {name.lower() for name in users}
    parts = [*(configuration.get("registries") or []), *(configuration.get("secrets") or [])]
    for part in parts:
        identity = part.get("identity")
        if identity and identity.lower() not in known:
            yield "IdentityNotAssigned", f"The app does not have the identity {identity}."


def _of_template(
    app: str, template: Mapping[str, Any], configuration: Mapping[str, Any]
) -> Iterator[Fault]:
    suffix = template.get("revisionSuffix")
    name = f"{app}--{suffix}"
    if suffix and (not _SUFFIX.fullmatch(suffix) or len(name) > 54 or "--" in suffix):
        yield "ContainerAppInvalidRevisionSuffix", f"The revision name {name} is not valid."
    if (template.get("terminationGracePeriodSeconds") or 0) > 600:
        yield "ContainerAppInvalidGracePeriod", "The grace period is 600 seconds at most."
    secrets = {one["name"] for one in configuration.get("secrets") or []}
    for secret in references(template).values():
        if secret not in secrets:
            yield "ContainerAppSecretRefNotFound", f"SecretRef '{secret}' is not found."
    for rule in (template.get("scale") or {}).get("rules") or []:
        metadata = (rule.get("http") or rule.get("custom") or {}).get("metadata") or {}
        if not all(isinstance(value, str) for value in metadata.values()):
            yield "ContainerAppScaleRuleInvalid", f"The rule {rule.get('name')} has no texts."
    for container in template["containers"]:
        for probe in container.get("probes") or []:
            if not 1 <= (probe.get("failureThreshold") or 3) <= 10:
                yield "ContainerAppProbeInvalid", "failureThreshold is from 1 to 10."


def _of_traffic(
    configuration: Mapping[str, Any], revisions: Mapping[str, bool], coming: set[str]
) -> Iterator[Fault]:
    traffic = (configuration.get("ingress") or {}).get("traffic") or []
    if traffic and sum(one.get("weight") or 0 for one in traffic) != 100:
        yield "ContainerAppTrafficWeightInvalid", f"The weights are not 100 together: {traffic}"
    entries = Counter((one.get("revisionName"), one.get("label")) for one in traffic)
    if any(times > 1 for times in entries.values()):
        yield "ContainerAppTrafficInvalid", f"A revision is there twice: {traffic}"
    for one in traffic:
        name = one.get("revisionName")
        if name is None or name in coming:
            continue
        if name not in revisions:
            yield "RevisionNotFound", f"The revision {name} is not found."
        elif one.get("weight") and not revisions[name]:
            yield "RevisionInactive", f"The revision {name} has traffic and is not active."
