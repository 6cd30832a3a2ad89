"""Moto as far as Terraform needs it: what it lacks of Application Auto Scaling, and patience."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def serving_moto() -> Iterator[str]:
    """Serve moto with what it lacks added, and give its address."""
    from moto import settings
    from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
    from moto.server import ThreadedMotoServer

    tags: dict[str, dict[str, str]] = {}
    register = ApplicationAutoScalingResponse.register_scalable_target

    def registered(self) -> str:
        answer = register(self)
        given = self._get_param("Tags")
        if given:
            tags[json.loads(answer)["ScalableTargetARN"]] = given
        return answer

    def listed(self) -> str:
        return json.dumps({"Tags": tags.get(self._get_param("ResourceARN"), {})})

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ApplicationAutoScalingResponse, "register_scalable_target", registered)
        patch.setattr(
            ApplicationAutoScalingResponse, "list_tags_for_resource", listed, raising=False
        )
        patch.setattr(settings, "ACM_VALIDATION_WAIT", 0)
        server.start()
        try:
            host, port = server.get_host_and_port()
            yield f"http://{host}:{port}"
        finally:
            server.stop()
