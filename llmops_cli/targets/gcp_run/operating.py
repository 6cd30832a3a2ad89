"""Switches a service off and on: off, Google answers in its place and no instance runs."""

from llmops_cli.targets.gcp_run.place import Place
from llmops_cli.targets.gcp_run.writing import Change, change, finished


def start(place: Place) -> None:
    """Let the service have instances again, as many as the requests need."""
    _switch(place, f"start {place.service}", is_enabled=True)


def stop(place: Place) -> None:
    """Scale the service to nothing, by hand: requests under way are finished, others refused."""
    _switch(place, f"stop {place.service}", is_enabled=False)


def _switch(place: Place, doing: str, *, is_enabled: bool) -> None:
    operation = change(
        place,
        doing,
        lambda service: (
            None if service.is_disabled is not is_enabled else Change(is_enabled=is_enabled)
        ),
    )
    finished(place, doing, operation, lambda line: None)
