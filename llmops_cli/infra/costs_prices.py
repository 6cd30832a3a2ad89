"""List prices of AWS in US dollars, each with the page to check it at, and its month.

They are as known in that month and were not checked at the page, which an estimate says. Prices
differ between regions. Where the one of a region is not known here, that of N. Virginia is taken,
and the estimate says so; most regions are 0 to 25 % dearer.
"""

from dataclasses import dataclass

#: Hours of a month, as AWS counts in its own calculator.
HOURS = 730
#: The region whose prices stand in for those that are not known.
FALLBACK = "us-east-1"

_FARGATE = "https://aws.amazon.com/fargate/pricing/"
_VPC = "https://aws.amazon.com/vpc/pricing/"
_ENDPOINT = "https://aws.amazon.com/privatelink/pricing/"
_BALANCER = "https://aws.amazon.com/elasticloadbalancing/pricing/"
_RDS = "https://aws.amazon.com/rds/postgresql/pricing/"
_CACHE = "https://aws.amazon.com/elasticache/pricing/"
_WAF = "https://aws.amazon.com/waf/pricing/"
_CLOUDWATCH = "https://aws.amazon.com/cloudwatch/pricing/"
_SECRETS = "https://aws.amazon.com/secrets-manager/pricing/"
_ROUTE53 = "https://aws.amazon.com/route53/pricing/"


@dataclass(frozen=True)
class Price:
    """Dollars for an hour or a month of one thing, the page to check it at, and its month."""

    dollars: float
    page: str
    known: str


def _known(month: str, page: str, **prices: float) -> dict[str, Price]:
    return {name: Price(dollars, page, month) for name, dollars in prices.items()}


#: What costs the same everywhere; by the month but for the address.
EVERYWHERE = {
    **_known("2026-03", _VPC, address_hour=0.005),
    **_known("2026-03", _WAF, firewall_month=5.0, firewall_rule_month=1.0),
    **_known("2026-03", _CLOUDWATCH, alarm_metric_month=0.10),
    **_known("2026-03", _SECRETS, secret_month=0.40),
    **_known("2026-03", _ROUTE53, zone_month=0.50),
}

_US = {
    **_known("2026-03", _FARGATE, x86_64_cpu=0.04048, x86_64_gb=0.004445),
    **_known("2026-03", _FARGATE, arm64_cpu=0.03238, arm64_gb=0.00356),
    **_known("2026-03", _VPC, nat=0.045),
    **_known("2026-03", _ENDPOINT, endpoint=0.01),
    **_known("2026-05", _BALANCER, balancer=0.0225),
    **_known("2026-05", _RDS, storage_gb_month=0.115),
}
_US_SIZES = {
    **{
        f"db.t4g.{size}": Price(dollars, _RDS, "2026-05")
        for size, dollars in {"micro": 0.016, "small": 0.032, "medium": 0.065}.items()
    },
    # Valkey costs a fifth less than Redis on the same node.
    **{
        f"cache.t4g.{size}": Price(dollars, _CACHE, "2025-01")
        for size, dollars in {"micro": 0.0128, "small": 0.0256, "medium": 0.052}.items()
    },
}

#: By region: an hour of each, but for storage, which is by the month.
BY_REGION = {
    "us-east-1": {**_US, **_US_SIZES},
    "us-east-2": _US,
    "us-west-2": _US,
    "eu-west-1": {
        **_known("2025-01", _FARGATE, x86_64_cpu=0.04048, x86_64_gb=0.004445),
        **_known("2025-01", _FARGATE, arm64_cpu=0.03238, arm64_gb=0.00356),
        **_known("2025-01", _VPC, nat=0.048),
        **_known("2025-01", _ENDPOINT, endpoint=0.011),
        **_known("2025-01", _BALANCER, balancer=0.0252),
        **_known("2025-01", _RDS, storage_gb_month=0.127),
    },
    "eu-central-1": {
        **_known("2025-01", _FARGATE, x86_64_cpu=0.04656, x86_64_gb=0.00511),
        **_known("2025-01", _FARGATE, arm64_cpu=0.03725, arm64_gb=0.00409),
        **_known("2025-01", _VPC, nat=0.052),
        **_known("2025-01", _ENDPOINT, endpoint=0.012),
        **_known("2025-01", _BALANCER, balancer=0.027),
        **_known("2025-01", _RDS, storage_gb_month=0.137),
    },
    "ap-northeast-1": {
        **_known("2025-01", _FARGATE, x86_64_cpu=0.05056, x86_64_gb=0.00553),
        **_known("2025-01", _FARGATE, arm64_cpu=0.04045, arm64_gb=0.00442),
        **_known("2025-01", _VPC, nat=0.062),
        **_known("2025-01", _ENDPOINT, endpoint=0.014),
        **_known("2025-01", _BALANCER, balancer=0.0243),
        **_known("2025-01", _RDS, storage_gb_month=0.138),
    },
}
