"""A report as JUnit XML, which every CI system shows."""

from xml.etree import ElementTree

from llmops_cli.checks.evidence import one_line
from llmops_cli.checks.report import Report
from llmops_cli.core.check import CheckResult, Verdict

_LONGEST = 1000
_TAGS = {Verdict.FAILED: "failure", Verdict.SKIPPED: "skipped"}


def junit(report: Report) -> str:
    """Return the report as the text of a JUnit file."""
    counts = {
        "tests": str(len(report.results)),
        "failures": str(report.count(Verdict.FAILED)),
        "errors": "0",
        "skipped": str(report.count(Verdict.SKIPPED)),
        "time": f"{report.seconds:.3f}",
    }
    root = ElementTree.Element("testsuites", {"name": "llmops smoke-test", **counts})
    suite = ElementTree.SubElement(root, "testsuite", {"name": one_line(report.url), **counts})
    for result in report.results:
        _add(suite, result)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add(suite: ElementTree.Element, result: CheckResult) -> None:
    attributes = {
        "classname": "llmops.smoke-test",
        "name": one_line(result.name),
        "time": f"{result.seconds:.3f}",
    }
    case = ElementTree.SubElement(suite, "testcase", attributes)
    evidence = one_line(result.evidence, _LONGEST)
    if result.verdict in _TAGS:
        ElementTree.SubElement(case, _TAGS[result.verdict], {"message": evidence})
    else:
        ElementTree.SubElement(case, "system-out").text = evidence
