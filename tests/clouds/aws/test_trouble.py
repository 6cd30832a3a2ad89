"""What AWS's clients raise becomes an error that says who may not do what, and what mends it."""

import pytest

botocore = pytest.importorskip("botocore.exceptions")

from llmops_cli.clouds.aws.trouble import told  # noqa: E402
from llmops_cli.errors import AccessError, DeployError, LlmopsError, PreflightError  # noqa: E402

ADA = "arn:aws:sts::123456789012:assumed-role/deployer/ada"


def answer(code: str, message: str = "", operation: str = "UpdateService") -> Exception:
    """Return what a client raises for an answer of AWS."""
    response = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"RequestId": "7f-1", "HTTPStatusCode": 400},
    }
    failure: Exception = botocore.ClientError(response, operation)
    return failure


def error_of(cause: Exception) -> LlmopsError:
    """Return what a failure in a deploy becomes."""
    with pytest.raises(LlmopsError) as raised:
        with told("move traffic", state="r1 serves.", who=lambda: ADA, remedy=lambda: "REMEDY"):
            raise cause
    return raised.value


@pytest.mark.parametrize(
    ("message", "missing"),
    [
        (
            f"User: {ADA} is not authorized to perform: ecs:UpdateService on resource: "
            "arn:aws:ecs:eu-west-1:123456789012:service/demo/demo because no identity-based "
            "policy allows the ecs:UpdateService action",
            "ecs:UpdateService on arn:aws:ecs:eu-west-1:123456789012:service/demo/demo",
        ),
        ("Access Denied", "the action UpdateService"),
    ],
)
def test_a_missing_permission_names_who_lacks_which_action(message: str, missing: str) -> None:
    error = error_of(answer("AccessDeniedException", message))
    assert isinstance(error, AccessError)
    assert ADA in error.message
    assert f"Allow {missing} in a policy" in error.next_step
    assert error.state == "r1 serves."


def test_an_action_that_is_forbidden_is_told_apart_from_one_that_nobody_allows() -> None:
    text = (
        f"User: {ADA} is not authorized to perform: ecs:UpdateService on resource: * "
        "with an explicit deny in a service control policy"
    )
    error = error_of(answer("AccessDeniedException", text))
    assert "The service control policy forbids ecs:UpdateService" in error.next_step


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (answer("ExpiredTokenException", "The security token is expired"), "have expired"),
        (answer("UnrecognizedClientException", "invalid token"), "does not know"),
        (answer("InvalidSignatureException", "does not match"), "does not know"),
        (botocore.NoCredentialsError(), "credentials of this machine do not work"),
        (botocore.UnauthorizedSSOTokenError(), "credentials of this machine do not work"),
        (
            botocore.CredentialRetrievalError(provider="process", error_msg="exit status 1"),
            "credentials of this machine do not work",
        ),
    ],
)
def test_credentials_that_do_not_work_are_told_with_what_renews_them(
    cause: Exception, says: str
) -> None:
    error = error_of(cause)
    assert isinstance(error, AccessError)
    assert says in error.message
    assert error.next_step == "REMEDY"


@pytest.mark.parametrize(
    "cause",
    [
        answer("InvalidSignatureException", "Signature expired: 20261122T000000Z is now earlier"),
        answer("RequestTimeTooSkewed", "The difference is too large."),
    ],
)
def test_a_wrong_clock_is_told_as_one(cause: Exception) -> None:
    error = error_of(cause)
    assert isinstance(error, AccessError)
    assert "timedatectl" in error.next_step


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        (answer("ThrottlingException", "Rate exceeded"), "had no time to move traffic"),
        (answer("ServiceNotActiveException", "not active"), "refused to move traffic"),
        (botocore.EndpointConnectionError(endpoint_url="https://x"), "could not be reached"),
        (botocore.ReadTimeoutError(endpoint_url="https://x"), "could not be reached"),
        (botocore.SSLError(endpoint_url="https://x", error="verify failed"), "could not be"),
        (botocore.ParamValidationError(report="x"), "did not move traffic"),
    ],
)
def test_all_else_is_the_failure_that_was_asked_for(cause: Exception, says: str) -> None:
    error = error_of(cause)
    assert type(error) is DeployError
    assert says in error.message
    with pytest.raises(PreflightError, match="read it"):
        with told("read it", failure=PreflightError):
            raise cause


def test_the_evidence_names_the_request_and_no_secret() -> None:
    text = "at https://x/?X-Amz-Security-Token=abc123&X-Amz-Signature=def456 failed"
    error = error_of(answer("InternalError", text))
    assert "InternalError" in error.evidence
    assert "7f-1" in error.evidence
    assert "abc123" not in error.evidence
    assert "def456" not in error.evidence


def test_a_message_that_only_aws_can_read_is_left_out() -> None:
    text = "You are not authorized. Encoded authorization failure message: " + "Zm9v" * 400
    assert "Zm9v" not in error_of(answer("UnauthorizedOperation", text)).evidence
