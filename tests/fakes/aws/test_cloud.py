"""The fake AWS: what it refuses, what it finds to be no request of AWS's, and what fails on it."""

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.fakes.aws.cloud import AwsCloud
from tests.fakes.aws.contract import broken, operation_of
from tests.fakes.aws.faults import THROTTLED
from tests.fakes.aws.identity import ACCOUNT
from tests.fakes.aws.stage import Clients


@pytest.fixture
def clients(aws: AwsCloud) -> Clients:
    return Clients(aws)


def test_what_is_no_request_of_ecs_is_refused_and_noticed(aws: AwsCloud, clients: Clients) -> None:
    loose = clients.of("ecs", parameter_validation=False)
    with pytest.raises(ClientError, match=r"service is missing; .*\.desiredCount is '1', not a"):
        loose.update_service(cluster="demo", desiredCount="1")
    with pytest.raises(ClientError, match="none of ROLLBACK, CONTINUE"):
        loose.continue_service_deployment(serviceDeploymentArn="a", hookId="b", action="GO")
    assert len(aws.violations) == 2
    aws.violations.clear()
    operation = operation_of("ecs", "ListTasks")
    assert operation is not None
    assert broken(operation, {"cluster": "demo", "group": "x"}) == [
        "ListTasksRequest.group is unknown"
    ]


def test_an_answer_of_the_fake_is_held_to_the_contract_too(aws: AwsCloud, clients: Clients) -> None:
    aws.ecs.service.document["nickname"] = "x"
    clients.ecs.describe_services(cluster="demo", services=["demo"])
    assert "nickname is unknown" in aws.violations.pop()


def test_credentials_are_looked_at_by_every_service(aws: AwsCloud, clients: Clients) -> None:
    stranger = Clients(aws, key="AKIAOFSOMEBODYELSE00")
    for service, code in (("ecs", "UnrecognizedClientException"), ("sts", "InvalidClientTokenId")):
        with pytest.raises(ClientError, match=code):
            stranger.ask(service)
    assert clients.ask("sts")["Account"] == ACCOUNT
    aws.faults.expire_tokens()
    for service, code in (("ecs", "ExpiredTokenException"), ("sts", "ExpiredToken")):
        with pytest.raises(ClientError, match=code):
            clients.ask(service)


def test_mishaps_come_about_at_every_service(aws: AwsCloud, clients: Clients) -> None:
    aws.make_bucket()
    aws.faults.deny("s3.PutObject", times=1)
    with pytest.raises(ClientError, match="AccessDenied"):
        clients.of("s3").put_object(Bucket="demo-llmops", Key="a", Body=b"x")
    aws.faults.on("ecs.*", THROTTLED)
    with pytest.raises(ClientError, match="ThrottlingException"):
        clients.ask("ecs")
    aws.faults.lose("s3.PutObject")
    with pytest.raises((ConnectionClosedError, ReadTimeoutError)):
        clients.of("s3").put_object(Bucket="demo-llmops", Key="a", Body=b"x", IfNoneMatch="*")
    with aws.counting() as counted, pytest.raises(ClientError, match="PreconditionFailed"):
        clients.of("s3").put_object(Bucket="demo-llmops", Key="a", Body=b"x", IfNoneMatch="*")
    assert counted == {"s3.PutObject": 1}


def test_a_version_of_a_secret_moves_through_its_stages(aws: AwsCloud, clients: Clients) -> None:
    manager = clients.of("secretsmanager")
    first = manager.create_secret(Name="demo/KEY", SecretString="one")["VersionId"]
    second = manager.put_secret_value(
        SecretId="demo/KEY", SecretString="two", VersionStages=["proposed"]
    )["VersionId"]
    assert manager.get_secret_value(SecretId="demo/KEY")["SecretString"] == "one"
    stage = {"SecretId": "demo/KEY", "VersionStage": "AWSCURRENT", "MoveToVersionId": second}
    with pytest.raises(ClientError, match="InvalidParameterException"):
        manager.update_secret_version_stage(**stage)
    manager.update_secret_version_stage(**stage, RemoveFromVersionId=first)
    assert manager.get_secret_value(SecretId="demo/KEY")["SecretString"] == "two"
    described = manager.describe_secret(SecretId="demo/KEY")
    assert described["VersionIdsToStages"][first] == ["AWSPREVIOUS"]
    assert aws.secrets.resolve(f"{described['ARN']}:::{first}") == "one"
    manager.delete_secret(SecretId="demo/KEY", RecoveryWindowInDays=7)
    with pytest.raises(ClientError, match="InvalidRequestException"):
        manager.get_secret_value(SecretId="demo/KEY")
    manager.restore_secret(SecretId="demo/KEY")
    assert manager.get_secret_value(SecretId="demo/KEY")["VersionId"] == second
