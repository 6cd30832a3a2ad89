"""A process that pushes the image NAME ID, to be interrupted; the password comes by stdin."""

import signal
import sys

from llmops_cli.core.image import Image
from llmops_cli.core.secret import Secret
from llmops_cli.engine.docker import Engine
from llmops_cli.images.publish import publish
from llmops_cli.registries.oci import make_registry
from tests.images.small import release_of
from tests.registries.servers import USER


def main() -> None:
    # As the command line does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    image = Image(sys.argv[1], id=sys.argv[2])
    registry = make_registry(image.repository, USER, Secret(sys.stdin.readline().strip()))
    publish(Engine(), image, release_of(), registry, tell)


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
