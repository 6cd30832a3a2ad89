"""Makes a target of kind "aws" of what the project file says."""

from llmops_cli.clouds.aws.account import Account
from llmops_cli.config.aws_target import AwsTarget
from llmops_cli.config.model import Config
from llmops_cli.core.target import ReferringStore, Target
from llmops_cli.targets.aws_ecs.place import Place
from llmops_cli.targets.aws_ecs.session import Session
from llmops_cli.targets.aws_ecs.target import AwsEcs
from llmops_cli.targets.shelved.book import Book

#: Seconds that a container which is to stop goes on accepting. ECS takes it from the load balancer
#: before it says so; these are for connections that were on their way.
_LINGER_SECONDS = 5
#: Where load balancers are, as seen from a task: in its own network, which has private addresses.
#: Only the load balancer is let in by the task's security group, and callers from the internet have
#: public addresses, so what a load balancer of AWS says of them cannot be made up by them.
_PROXIES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")


def make(
    config: Config,
    name: str,
    settings: AwsTarget,
    *,
    account: Account,
    book: Book,
    secrets: ReferringStore,
) -> Target:
    """Make the target of that name. Asks nobody anything."""
    place = Place(
        account=account,
        configured=settings,
        secrets=secrets,
        cluster=settings.cluster or config.name,
        name=settings.service or config.name,
        port=config.image.port,
        is_ours=config.image.is_ours,
        project=config.name,
        readiness_path=config.image.readiness_path,
        probe=_probe(config),
    )
    return AwsEcs(name, Session(place, book), secrets, _added(config, settings))


def _probe(config: Config) -> tuple[str, ...]:
    """Return what asks LiteLLM whether it lives; its image has Python, and no curl."""
    if config.image.litellm is None:
        return ()
    url = f"http://127.0.0.1:{config.image.port}{config.image.liveness_path}"
    asking = f"import urllib.request; urllib.request.urlopen('{url}', timeout=4)"
    return ("CMD", "python3", "-c", asking)


def _added(config: Config, settings: AwsTarget) -> dict[str, str]:
    believed = [*config.api.limits.trusted_proxies, *_PROXIES]
    return {
        "HOST": "0.0.0.0",  # noqa: S104 - inside the task, which only its load balancer reaches
        "PORT": str(config.image.port),
        "LLMOPS_DRAIN_SECONDS": f"{settings.drain_seconds:g}",
        "LLMOPS_LINGER_SECONDS": str(_LINGER_SECONDS),
        "LLMOPS_TRUSTED_PROXIES": ",".join(dict.fromkeys(believed)),
    }
