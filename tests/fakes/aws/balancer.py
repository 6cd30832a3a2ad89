"""What the load balancer says of the service's tasks; everything else of it is moto's."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from tests.fakes.call import Reply

if TYPE_CHECKING:
    from tests.fakes.aws.ecs import Ecs

_NAMESPACE = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"


@dataclass
class Balancer:
    """The load balancer in front of the service."""

    ecs: "Ecs"

    def target_health(self, form: Any) -> Reply:
        """Answer DescribeTargetHealth: moto's targets are always well."""
        members = "".join(
            f"<member><Target><Id>{address}</Id><Port>{port}</Port></Target><TargetHealth>"
            f"<State>{state}</State>{_why(reason)}</TargetHealth></member>"
            for address, port, state, reason in self.ecs.targets(form["TargetGroupArn"])
        )
        inner = f"<TargetHealthDescriptions>{members}</TargetHealthDescriptions>"
        body = (
            f'<DescribeTargetHealthResponse xmlns="{_NAMESPACE}">'
            f"<DescribeTargetHealthResult>{inner}"
            "</DescribeTargetHealthResult></DescribeTargetHealthResponse>"
        )
        return Reply(200, body, {"Content-Type": "text/xml"})


def _why(reason: str) -> str:
    if not reason:
        return ""
    code, _, said = reason.partition(": ")
    return f"<Reason>{escape(code)}</Reason><Description>{escape(said)}</Description>"
