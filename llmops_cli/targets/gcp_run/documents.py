"""The change that makes a release's revision, for people to read; no secret's value is in it."""

import json

from llmops_cli.core.release import Release
from llmops_cli.targets.gcp_run.place import Place, Seen
from llmops_cli.targets.gcp_run.staging import candidate_of
from llmops_cli.targets.gcp_run.template import template_of
from llmops_cli.targets.shelved.book import Ledger


def documents_of(place: Place, seen: Seen, ledger: Ledger, release: Release) -> dict[str, str]:
    """Return the template of the revision, as Google's REST interface has it."""
    from google.cloud.run_v2.types import RevisionTemplate

    name = candidate_of(place, seen, ledger, release).name
    present = seen.service.message.template if seen.service else None
    template = template_of(place, release, name, present)
    text = RevisionTemplate.to_json(template, including_default_value_fields=False)
    return {"cloud-run.json": json.dumps({"template": json.loads(text)}, indent=2) + "\n"}
