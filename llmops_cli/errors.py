"""Every way to fail: one tree, one exit status per class, and always a next step."""

from typing import ClassVar


class LlmopsError(Exception):
    """A failure that an operator can act on.

    ``message`` says what happened, naming the key, file or release as the operator wrote it;
    ``evidence`` is what was seen; ``state`` says what things are like now; ``next_step`` is the
    command or edit that helps. Only ``message`` is required.
    """

    code: ClassVar[str] = "defect"
    exit_status: ClassVar[int] = 1

    def __init__(
        self, message: str, *, evidence: str = "", state: str = "", next_step: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.evidence = evidence
        self.state = state
        self.next_step = next_step

    def as_dict(self) -> dict[str, str]:
        """Return the five strings that ``--json`` prints: code, message, evidence, state, next."""
        return {
            "code": self.code,
            "message": self.message,
            "evidence": self.evidence,
            "state": self.state,
            "next": self.next_step,
        }


class UsageError(LlmopsError):
    """The command line was used wrongly."""

    code = "usage"
    exit_status = 2


class ConfigError(LlmopsError):
    """The project file, or a file that it names, is invalid."""

    code = "config"
    exit_status = 3


class PreflightError(LlmopsError):
    """A tool, an extra or a setting is missing; nothing was touched."""

    code = "preflight"
    exit_status = 4


class EngineError(LlmopsError):
    """The container engine refused a command. Within a deploy it becomes a failed deploy."""

    code = "engine"
    exit_status = 4


class AccessError(LlmopsError):
    """Credentials are missing or wrong, or a permission is denied."""

    code = "access"
    exit_status = 5


class LockedError(LlmopsError):
    """Another deploy holds the lock."""

    code = "locked"
    exit_status = 6


class BuildError(LlmopsError):
    """The release could not be built or pushed."""

    code = "build"
    exit_status = 7


class DeployError(LlmopsError):
    """A deploy failed and what was serving before is serving now."""

    code = "deploy"
    exit_status = 8


class StateUnknownError(LlmopsError):
    """A deploy failed and the state is not known or not restored."""

    code = "state-unknown"
    exit_status = 9


class CheckError(LlmopsError):
    """A smoke test or an evaluation failed."""

    code = "check"
    exit_status = 10


class ReleaseNotFoundError(LlmopsError):
    """No release, or more than one, answers to the given name."""

    code = "no-such-release"
    exit_status = 11


class SecretFoundError(LlmopsError):
    """A secret was found in an image or a build context."""

    code = "secret-found"
    exit_status = 13


class InterruptedByOperatorError(LlmopsError):
    """The operator interrupted; the lock is released and the report says what is serving."""

    code = "interrupted"
    exit_status = 130


#: `plan --detailed-exitcode` found changes. Not an error: it has no class.
PLAN_HAS_CHANGES = 12
