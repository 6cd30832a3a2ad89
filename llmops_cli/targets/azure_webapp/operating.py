"""Starts and stops an app, and watches it."""

from llmops_cli.clouds.pauses import pauses
from llmops_cli.errors import DeployError
from llmops_cli.targets.azure_webapp.staging import wait_until_ready
from llmops_cli.targets.azure_webapp.survey import App, Survey

#: Looks in a row that may find no answer: a front end that restarts is no failed release.
_SILENT_LOOKS = 2


def start(app: App, survey: Survey) -> None:
    """Start both sides, and wait until what is on record answers in production.

    Raises:
        DeployError: it does not.
    """
    for side in app.sides(survey):
        side.start()
    if survey.record.live:
        seconds, url = app.configured.ready_seconds, survey.production.url
        wait_until_ready(app.production, url, survey.record.live, seconds)


def stop(app: App, survey: Survey) -> None:
    """Stop both sides."""
    for side in app.sides(survey):
        side.stop()


def watch(app: App, url: str, release: str) -> None:
    """Watch a release for as long as the target says.

    Raises:
        DeployError: another one answers, or none does any more.
    """
    silent = 0
    for passed in pauses(app.configured.bake_seconds, first=1.0, longest=5.0):
        answers = app.answering(url)
        silent = silent + 1 if answers is None else 0
        if answers not in (release, None) or silent > _SILENT_LOOKS:
            raise DeployError(
                f"{release} did not stay in service.",
                evidence=f"After {passed:.0f} s {answers or 'nothing'} answered at {url}.",
            )
