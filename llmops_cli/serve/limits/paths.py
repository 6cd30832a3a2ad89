"""Paths that the limits treat in a way of their own."""

#: What probes, scrapers and deploy tools ask: never counted, never queued, and answered to the end.
WATCHED = frozenset(
    {
        "/health",
        "/health/live",
        "/health/ready",
        "/health/detailed",
        "/version",
        "/metrics",
        "/auth/health",
        "/llm/health",
        "/monitoring/health",
        "/monitoring/metrics",
        "/system/health",
        "/system/health/detailed",
        "/api/v1/health",
        "/api/v1/health/live",
        "/api/v1/health/ready",
        "/api/v1/health/detailed",
        "/api/v1/live",
        "/api/v1/ready",
        "/api/v1/detailed",
    }
)

#: Those of them that a load balancer asks whether to send anything here.
READINESS = frozenset(
    {
        "/health/ready",
        "/health/detailed",
        "/system/health/detailed",
        "/api/v1/health/ready",
        "/api/v1/health/detailed",
        "/api/v1/ready",
        "/api/v1/detailed",
    }
)

#: Where passwords are presented.
LOGINS = frozenset({"/auth/login", "/token"})
