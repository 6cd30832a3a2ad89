"""What the load balancer says of its target groups; everything else of it is moto's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from tests.fakes.call import Reply

if TYPE_CHECKING:
    from tests.fakes.aws.ecs import Ecs

_NAMESPACE = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"


@dataclass
class Balancer:
    """The load balancer in front of the service, and its target groups."""

    ecs: "Ecs"
    health_path: str = "/health/ready"
    #: Seconds that requests may take after their task is to end.
    delay: int = 110

    def handlers(self) -> Mapping[str, Callable[[Mapping[str, str]], Reply]]:
        """Return the operations by their names."""
        return {
            "DescribeTargetHealth": self._target_health,
            "DescribeTargetGroups": self._target_groups,
            "DescribeTargetGroupAttributes": self._attributes,
        }

    def _target_health(self, form: Mapping[str, str]) -> Reply:
        members = "".join(
            f"<member><Target><Id>{address}</Id><Port>{port}</Port></Target><TargetHealth>"
            f"<State>{state}</State>{_why(reason)}</TargetHealth></member>"
            for address, port, state, reason in self.ecs.targets(form["TargetGroupArn"])
        )
        inner = f"<TargetHealthDescriptions>{members}</TargetHealthDescriptions>"
        return _reply("DescribeTargetHealth", inner)

    def _target_groups(self, form: Mapping[str, str]) -> Reply:
        wanted = [text for name, text in form.items() if name.startswith("TargetGroupArns.member")]
        members = "".join(
            f"<member><TargetGroupArn>{arn}</TargetGroupArn>"
            f"<TargetGroupName>{arn.split('/')[1]}</TargetGroupName><Protocol>HTTP</Protocol>"
            f"<Port>8000</Port><HealthCheckPath>{self.health_path}</HealthCheckPath>"
            "<TargetType>ip</TargetType></member>"
            for arn in wanted
        )
        return _reply("DescribeTargetGroups", f"<TargetGroups>{members}</TargetGroups>")

    def _attributes(self, form: Mapping[str, str]) -> Reply:
        inner = (
            "<Attributes><member><Key>deregistration_delay.timeout_seconds</Key>"
            f"<Value>{self.delay}</Value></member></Attributes>"
        )
        return _reply("DescribeTargetGroupAttributes", inner)


def _reply(operation: str, inner: str) -> Reply:
    body = (
        f'<{operation}Response xmlns="{_NAMESPACE}"><{operation}Result>{inner}'
        f"</{operation}Result></{operation}Response>"
    )
    return Reply(200, body, {"Content-Type": "text/xml"})


def _why(reason: str) -> str:
    if not reason:
        return ""
    code, _, said = reason.partition(": ")
    return f"<Reason>{escape(code)}</Reason><Description>{escape(said)}</Description>"
