"""Starts and stops an app with all its revisions."""

from llmops_cli.clouds.azure.patience import polling
from llmops_cli.targets.azure_containerapp.place import Place
from llmops_cli.targets.azure_containerapp.writing import ask


def start(place: Place) -> None:
    """Start the replicas of what is active, and wait until Azure has."""
    operations, way = place.client.container_apps, polling(place.configured.operation_seconds)
    ask(
        place,
        f"start {place.app}",
        lambda: operations.begin_start(place.group, place.app, polling=way).result(),
    )


def stop(place: Place) -> None:
    """Stop all replicas; they get the time of their template to finish what they do."""
    operations, way = place.client.container_apps, polling(place.configured.operation_seconds)
    ask(
        place,
        f"stop {place.app}",
        lambda: operations.begin_stop(place.group, place.app, polling=way).result(),
    )
