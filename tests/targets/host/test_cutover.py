"""Nothing is refused and no stream is cut while releases change places."""

import pytest

from tests.hosts.host_project import HostProject
from tests.hosts.machines import needs_hosts
from tests.load import is_possible, loaded

pytestmark = [
    needs_hosts,
    pytest.mark.skipif(not is_possible(), reason="wrk is not installed"),
    pytest.mark.timeout(300),
]
TOKENS = 200


def test_no_request_fails_and_no_stream_is_cut_through_nginx_with_tls(
    deployed: HostProject,
) -> None:
    old = deployed.serving()
    with loaded(deployed, connections=8, streams=20, tokens=TOKENS) as load:
        new = deployed.change("Under load.")
        deployed.ok("deploy")
        assert deployed.serving() == new
        deployed.ok("rollback")
        assert deployed.serving() == old
    assert (load.bad, load.socket_errors, load.truncated) == (0, 0, [])
    assert load.requests > 100
    assert load.streams >= 20
