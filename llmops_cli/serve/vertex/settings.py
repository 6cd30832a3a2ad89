"""What Vertex AI tells a container of where it has to listen and answer."""

from dataclasses import dataclass

from llmops_cli.serve.environment import Environment

PORT = "AIP_HTTP_PORT"
_HEALTH, _PREDICT = "AIP_HEALTH_ROUTE", "AIP_PREDICT_ROUTE"


@dataclass(frozen=True)
class VertexSettings:
    """The contract of a custom container; ``predict_route`` is empty where there is none."""

    health_route: str = ""
    predict_route: str = ""

    @property
    def is_on(self) -> bool:
        """Whether the process runs on Vertex AI."""
        return bool(self.predict_route)


def read(environment: Environment) -> VertexSettings:
    """Read AIP_HTTP_PORT, AIP_HEALTH_ROUTE and AIP_PREDICT_ROUTE.

    Who comes by the predict route is let in by Google, so that all three have to be there: one
    that was set by mistake opens nothing.
    """
    found = [name for name in (PORT, _HEALTH, _PREDICT) if environment.text(name)]
    if not found:
        return VertexSettings()
    if len(found) < 3:
        environment.refuse(found[0], f"goes with {PORT}, {_HEALTH} and {_PREDICT}, all of them")
        return VertexSettings()
    return VertexSettings(_route(environment, _HEALTH), _route(environment, _PREDICT))


def _route(environment: Environment, name: str) -> str:
    return environment.matching(
        name, "", pattern=r"/[A-Za-z0-9._~:/-]{1,500}", rule="must be a path such as /predict"
    )
