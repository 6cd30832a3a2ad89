"""What a run of the checks found, as a value that every format of a report is written from."""

from dataclasses import dataclass

from llmops_cli.core.check import CheckResult, Verdict, failures


@dataclass(frozen=True)
class Report:
    """The results for one address, in the order in which they came, and who answered there."""

    url: str
    release: str | None
    results: tuple[CheckResult, ...]

    @property
    def ok(self) -> bool:
        """Whether no check failed, and one at least passed."""
        return not self.failed and self.count(Verdict.PASSED) > 0

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The results that failed."""
        return tuple(failures(self.results))

    @property
    def seconds(self) -> float:
        """The seconds that the checks took together."""
        return sum(result.seconds for result in self.results)

    @property
    def tally(self) -> str:
        """The verdicts counted, in words: ``9 passed, 1 failed, 3 skipped``."""
        return ", ".join(f"{self.count(verdict)} {verdict}" for verdict in Verdict)

    def count(self, verdict: Verdict) -> int:
        """Return how many checks ended with this verdict."""
        return sum(result.verdict is verdict for result in self.results)

    def as_dict(self) -> dict[str, object]:
        """Return what ``--json`` prints."""
        return {
            "url": self.url,
            "release": self.release,
            "ok": self.ok,
            **{verdict.value: self.count(verdict) for verdict in Verdict},
            "seconds": round(self.seconds, 3),
            "checks": [_as_dict(result) for result in self.results],
        }


def _as_dict(result: CheckResult) -> dict[str, object]:
    return {
        "name": result.name,
        "title": result.title,
        "verdict": result.verdict.value,
        "evidence": result.evidence,
        "seconds": round(result.seconds, 4),
    }
