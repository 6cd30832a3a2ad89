"""Puts the limits around the application: some before anybody knows who calls, some after."""

from starlette.types import ASGIApp

from llmops_cli.serve.limits.body import BodyLimit
from llmops_cli.serve.limits.concurrency import Concurrency
from llmops_cli.serve.limits.guesses import GuessLimit
from llmops_cli.serve.limits.origin import Origin
from llmops_cli.serve.limits.rate import RateLimit
from llmops_cli.serve.limits.settings import LimitsSettings


def behind_the_gate(app: ASGIApp, settings: LimitsSettings) -> ASGIApp:
    """Add what counts requests of known callers. A limit that is off costs nothing."""
    if settings.max_concurrent:
        app = Concurrency(app, settings)
    if settings.requests_per_minute:
        app = RateLimit(app, settings.requests_per_minute)
    return app


def before_the_gate(app: ASGIApp, settings: LimitsSettings) -> ASGIApp:
    """Add what looks at every request, the cheapest look first."""
    if settings.failed_auth_per_minute:
        app = GuessLimit(app, settings.failed_auth_per_minute)
    bounded = BodyLimit(app, settings.max_body_bytes)
    return Origin(bounded, settings.trusted_proxies, trusts_unix=settings.trusts_unix)
