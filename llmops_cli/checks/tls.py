"""Is the connection encrypted with a certificate that is valid, and stays so for a while."""

import ssl
import time
from urllib.parse import urlsplit

from llmops_cli.checks.api import Api
from llmops_cli.checks.deadline import within
from llmops_cli.checks.http import Question, opened, seconds_for, too_late
from llmops_cli.core.check import Finding, failed, passed, skipped

#: Days before the end of a certificate at which it should have been renewed.
RENEWAL_DAYS = 14


def tls(api: Api) -> Finding:
    """Find whether TLS is valid for at least two more weeks."""
    if urlsplit(api.subject.url).scheme != "https":
        return skipped("the address is plain http")
    if api.subject.carrier is not None:
        return skipped("the cloud's own address, whose certificate is the cloud's")
    question = Question("GET", "/health", fresh=True)
    seconds = seconds_for(api.client, question)
    return within(seconds, lambda: _examine(api, question), late=too_late(question, seconds))


def _examine(api: Api, question: Question) -> Finding:
    with opened(api.client, question) as response:
        encrypted = response.extensions["network_stream"].get_extra_info("ssl_object")
        certificate, protocol = encrypted.getpeercert(), encrypted.version()
    days = (ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / 86400
    if days < RENEWAL_DAYS:
        return failed(f"the certificate ends in {days:.0f} days, on {certificate['notAfter']}")
    return passed(f"{protocol}, the certificate is valid for {days:.0f} more days")
