"""Paths that the limits treat in a way of their own."""

#: What probes, scrapers and deploy tools ask: never counted, never queued, and answered to the end.
WATCHED = frozenset(
    {
        *("/health", "/health/live", "/health/ready", "/health/detailed", "/api/v1/health"),
        *("/auth/health", "/llm/health", "/metrics", "/robots.txt", "/version"),
    }
)

#: Those of them that a load balancer asks whether to send anything here.
READINESS = frozenset({"/health/ready", "/health/detailed"})

#: Where passwords are presented.
LOGINS = frozenset({"/auth/login", "/token"})
