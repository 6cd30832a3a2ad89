"""Is the release that answers the one that is expected: the question a deploy stands on."""

import re

from llmops_cli.checks.api import Api
from llmops_cli.core.check import Finding, failed, passed, skipped
from llmops_cli.core.release import SHORT_SHA_LENGTH

_REVISION = re.compile(r"\.\d+$")


def release(api: Api) -> Finding:
    """Find whether the expected release answers."""
    wanted = api.subject.expected_release or api.subject.expected_commit
    named = api.identity.release
    if not wanted:
        return skipped(f"no release is expected; the server names {named or 'none'}")
    if named is None:
        return failed(f"expected {wanted}, but neither GET /version nor X-Release names a release")
    if _is_expected(api, named):
        return passed(f"{named} answers")
    return failed(f"expected {wanted}, but {named} answers")


def _is_expected(api: Api, named: str) -> bool:
    if api.subject.expected_release:
        return named == api.subject.expected_release
    return is_release_of(named, api.subject.expected_commit or "")


def is_release_of(named: str, commit: str) -> bool:
    """Whether release ``named`` is any revision of ``commit``, given as the beginning of its sha.

    A release of a changed working tree is not that commit's, unless ``commit`` says so too.
    """
    wanted = commit.lower()
    if re.fullmatch(r"[0-9a-f]+", wanted):
        wanted = wanted[:SHORT_SHA_LENGTH]
        named = _REVISION.sub("", named)
        return named.startswith(wanted) and "-dirty-" not in named
    return named == wanted
